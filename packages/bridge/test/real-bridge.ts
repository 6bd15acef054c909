import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataDirectory } from "../src/data-directory.ts";
import { killRun } from "../src/wrapper/end-run.ts";
import { runCli } from "./run-cli.ts";
import { FakeRelay } from "./fake-relay.ts";
import type { HelperProcess } from "./helper-process.ts";
import type { SmallDisk } from "./small-disk.ts";
import type { RunId } from "@quarterdeck/core/ids";

const cli = join(import.meta.dirname, "../src/cli.ts");

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** A bridge in a process of its own, enrolled with a fake relay. */
export class RealBridge implements AsyncDisposable {
  readonly relay: FakeRelay;
  /** Where its runs and workspaces are: with a helper, that one's. */
  readonly data: DataDirectory;
  readonly helper: HelperProcess | undefined;
  /** Where its own files are. */
  readonly path: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #disk: SmallDisk | undefined;
  readonly #user: User | undefined;
  #child: ChildProcess | undefined;
  log = "";

  private constructor(
    relay: FakeRelay,
    data: DataDirectory,
    {
      environment,
      disk,
      helper,
      user,
    }: {
      environment: NodeJS.ProcessEnv;
      disk: SmallDisk | undefined;
      helper: HelperProcess | undefined;
      user: User | undefined;
    },
  ) {
    this.relay = relay;
    this.data = helper?.data ?? data;
    this.helper = helper;
    this.path = data.path;
    this.#environment = environment;
    this.#disk = disk;
    this.#user = user;
  }

  /**
   * `disk`: its files are there, and `data` is how this process sees them. `url`: where it finds the platform. `helper`: who
   * starts its runs. `user`: whom it runs as.
   */
  static async start(
    options: {
      args?: readonly string[];
      environment?: NodeJS.ProcessEnv;
      disk?: SmallDisk;
      url?: string;
      helper?: HelperProcess;
      user?: User | undefined;
      onRelay?: (relay: FakeRelay) => void;
    } = {},
  ): Promise<RealBridge> {
    const { disk, helper, user } = options;
    const relay = await FakeRelay.start();
    options.onRelay?.(relay);
    const data = disk ? new DataDirectory(disk.outside) : DataDirectory.open(mkdtempSync(join(tmpdir(), "qd-bridge-")));
    // The machine's groups are for the tests that are about them.
    const environment = { PATH: process.env["PATH"], QUARTERDECK_DRIVER: "process", ...options.environment };
    const bridge = new RealBridge(relay, data, { environment, disk, helper, user });
    const fingerprint = await relay.platform.fingerprint();
    const enrolment = [
      "--url",
      options.url ?? relay.url,
      "--token",
      relay.platform.token,
      "--platform-key",
      fingerprint,
    ];
    const enrolled = await runCli(
      ["enrol", ...enrolment, "--data", disk?.path ?? data.path],
      options.environment,
      disk,
    );
    if (enrolled.exitCode !== 0) throw new Error(enrolled.stderr);
    if (user) {
      const files = readdirSync(data.path, { recursive: true, encoding: "utf8" });
      for (const path of [data.path, ...files.map((name) => join(data.path, name))])
        chownSync(path, user.uid, user.gid);
    }
    if (helper) {
      const trusted = await helper.init(data.path);
      if (trusted.exitCode !== 0) throw new Error(trusted.stderr);
      await helper.begin();
    }
    bridge.begin(options.args);
    await relay.untilOnline();
    return bridge;
  }

  begin(args: readonly string[] = []): void {
    const data = this.#disk?.path ?? this.path;
    const helped = this.helper ? ["--helper", this.helper.socketPath, "--helper-data", this.helper.data.path] : [];
    const [command = "", ...rest] = [
      ...(this.#disk?.enter ?? []),
      process.execPath,
      cli,
      "run",
      "--data",
      data,
      ...helped,
      ...args,
    ];
    const child = spawn(command, rest, {
      env: this.#environment,
      stdio: ["ignore", "ignore", "pipe"],
      ...this.#user,
    });
    child.stderr.on("data", (data: Buffer) => (this.log += data.toString()));
    this.#child = child;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }
  get hasEnded(): boolean {
    return this.#child !== undefined && (this.#child.exitCode !== null || this.#child.signalCode !== null);
  }
  get exitCode(): number | null {
    return this.#child?.exitCode ?? null;
  }

  /** Waits until it ends by itself. */
  async ended(): Promise<number | null> {
    const child = this.#child;
    if (!child) return null;
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    return child.exitCode;
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
    // Its end of the connection closes with it, which is noticed a moment later.
    await this.relay.changes.until(() => !this.relay.isOnline, "the end of the connection");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
    await Promise.all(readdirSync(this.data.runs).map((runId) => killRun(runId as RunId)));
    await this.relay.stop();
    await this.helper?.[Symbol.asyncDispose]();
    if (!this.#disk) rmSync(this.path, { recursive: true, force: true, maxRetries: 5 });
  }
}
