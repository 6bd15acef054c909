import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataDirectory } from "../src/data-directory.ts";
import { killRun } from "../src/wrapper/end-run.ts";
import { FakeRelay } from "./fake-relay.ts";
import type { SmallDisk } from "./small-disk.ts";
import type { RunId } from "@quarterdeck/core/ids";
import { readdirSync } from "node:fs";

const cli = join(import.meta.dirname, "../src/cli.ts");

export interface CliEnd {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the bridge's command line to its end. */
export function runCli(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  disk?: SmallDisk,
): Promise<CliEnd> {
  return new Promise((resolve) => {
    const [command = "", ...rest] = [...(disk?.enter ?? []), process.execPath, cli, ...args];
    const child = spawn(command, rest, {
      env: { PATH: process.env["PATH"], ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
    child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    child.once("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}

/** A bridge in a process of its own, enrolled with a fake relay. */
export class RealBridge implements AsyncDisposable {
  readonly relay: FakeRelay;
  readonly data: DataDirectory;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #disk: SmallDisk | undefined;
  #child: ChildProcess | undefined;
  log = "";

  private constructor(
    relay: FakeRelay,
    data: DataDirectory,
    { environment, disk }: { environment: NodeJS.ProcessEnv; disk: SmallDisk | undefined },
  ) {
    this.relay = relay;
    this.data = data;
    this.#environment = environment;
    this.#disk = disk;
  }

  /** `disk`: its files are there, and `data` is how this process sees them. `url`: where it finds the platform. */
  static async start(
    options: {
      args?: readonly string[];
      environment?: NodeJS.ProcessEnv;
      disk?: SmallDisk;
      url?: string;
      onRelay?: (relay: FakeRelay) => void;
    } = {},
  ): Promise<RealBridge> {
    const { disk } = options;
    const relay = await FakeRelay.start();
    options.onRelay?.(relay);
    const data = disk ? new DataDirectory(disk.outside) : DataDirectory.open(mkdtempSync(join(tmpdir(), "qd-bridge-")));
    // The machine's groups are for the tests that are about them.
    const environment = { PATH: process.env["PATH"], QUARTERDECK_DRIVER: "process", ...options.environment };
    const bridge = new RealBridge(relay, data, { environment, disk });
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
    bridge.begin(options.args);
    await relay.untilOnline();
    return bridge;
  }

  begin(args: readonly string[] = []): void {
    const data = this.#disk?.path ?? this.data.path;
    const [command = "", ...rest] = [
      ...(this.#disk?.enter ?? []),
      process.execPath,
      cli,
      "run",
      "--data",
      data,
      ...args,
    ];
    const child = spawn(command, rest, {
      env: this.#environment,
      stdio: ["ignore", "ignore", "pipe"],
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
    if (!this.#disk) rmSync(this.data.path, { recursive: true, force: true, maxRetries: 5 });
  }
}
