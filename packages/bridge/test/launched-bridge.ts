import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { RunId } from "@quarterdeck/core/ids";
import { DataDirectory } from "../src/data-directory.ts";
import { killRun } from "../src/wrapper/end-run.ts";
import { processStartTicks, signalProcess } from "../src/wrapper/processes.ts";
import { FakeRelay } from "./fake-relay.ts";
import { realPackage } from "./test-package.ts";

/** The package as a user has it, enrolled with a fake platform: launcher and bridge, in processes of their own. */
export class LaunchedBridge implements AsyncDisposable {
  readonly relay: FakeRelay;
  readonly data: DataDirectory;
  readonly #folder: string;
  readonly #probationMs: number;
  #launcher: ChildProcess | undefined;
  #epochBefore = 0;
  log = "";

  private constructor(relay: FakeRelay, folder: string, probationMs: number) {
    this.relay = relay;
    this.#folder = folder;
    this.#probationMs = probationMs;
    this.data = DataDirectory.open(join(folder, "data"));
  }

  static async start({ probationMs = 30_000 } = {}): Promise<LaunchedBridge> {
    const relay = await FakeRelay.start();
    const bridge = new LaunchedBridge(relay, mkdtempSync(join(tmpdir(), "qd-launched-")), probationMs);
    for (const { name, content } of realPackage().files) {
      const path = join(bridge.#folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    bridge.begin([
      "connect",
      "--url",
      relay.url,
      "--token",
      relay.platform.token,
      "--platform-key",
      await relay.platform.fingerprint(),
    ]);
    await relay.changes.until(() => relay.isOnline, `the bridge`);
    return bridge;
  }

  begin(args: readonly string[] = ["run"]): void {
    const entry = join(this.#folder, "package/dist/quarterdeck-bridge.mjs");
    const child = spawn(process.execPath, [entry, ...args, "--data", this.data.path], {
      env: {
        PATH: process.env["PATH"],
        QUARTERDECK_DRIVER: "process",
        QUARTERDECK_PROBATION_MS: String(this.#probationMs),
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.stderr.on("data", (text: Buffer) => {
      this.log += text.toString();
      this.relay.changes.notify();
    });
    child.once("exit", () => this.relay.changes.notify());
    this.#launcher = child;
    this.#epochBefore = this.relay.epoch;
  }

  get launcherPid(): number {
    return this.#launcher?.pid ?? 0;
  }
  get exitCode(): number | null {
    return this.#launcher?.exitCode ?? null;
  }

  /** The process of the bridge itself, as its launcher wrote it down. */
  get bridgePid(): number | undefined {
    try {
      const { pid, startTicks } = JSON.parse(readFileSync(this.data.childFile, "utf8")) as {
        pid: number;
        startTicks: string;
      };
      return processStartTicks(pid) === startTicks ? pid : undefined;
    } catch {
      return undefined; // None has been started.
    }
  }

  /** The version that has connected since this launcher began. */
  get version(): string | undefined {
    return this.relay.isOnline && this.relay.epoch > this.#epochBefore
      ? this.relay.hello?.capabilities.bridgeVersion
      : undefined;
  }

  async untilVersion(version: string): Promise<void> {
    await this.relay.changes.until(() => this.version === version, `version ${version}; the log: ${this.log}`);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#launcher;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
    const { bridgePid } = this;
    if (bridgePid !== undefined) signalProcess(bridgePid, "SIGKILL");
    await Promise.all(readdirSync(this.data.runs).map((runId) => killRun(runId as RunId)));
    await this.relay.stop();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
