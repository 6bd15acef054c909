import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeRelay } from "../../../packages/bridge/test/fake-relay.ts";
import { DataDirectory } from "../../../packages/bridge/src/data-directory.ts";
import { cores, pinned } from "./cpu-cores.ts";
import { processTree } from "./process-usage.ts";

const packageRoot = join(import.meta.dirname, "../../../packages/bridge");
const program = join(packageRoot, "dist/quarterdeck-bridge.mjs");

/** Bundles the bridge as it is published. */
export function buildBridge(): void {
  execFileSync(process.execPath, ["build.ts"], { cwd: packageRoot, stdio: ["ignore", "ignore", "inherit"] });
}

/** The published bridge in processes of its own on the server's core, enrolled with a relay in this process. */
export class PackagedBridge implements AsyncDisposable {
  readonly relay: FakeRelay;
  readonly data: DataDirectory;
  #child: ChildProcess | undefined;

  private constructor(relay: FakeRelay, data: DataDirectory) {
    this.relay = relay;
    this.data = data;
  }

  static async enrol(): Promise<PackagedBridge> {
    const relay = await FakeRelay.start();
    const data = DataDirectory.open(mkdtempSync(join(tmpdir(), "quarterdeck-bench-bridge-")));
    const key = await relay.platform.fingerprint();
    const args = ["--url", relay.url, "--token", relay.platform.token, "--platform-key", key, "--data", data.path];
    const enrolled = spawn(process.execPath, [program, "enrol", ...args], { stdio: ["ignore", "ignore", "inherit"] });
    const [exitCode] = (await once(enrolled, "exit")) as [number];
    if (exitCode !== 0) throw new Error(`enrolling ended with ${exitCode}`);
    return new PackagedBridge(relay, data);
  }

  /** Starts it. @returns the milliseconds from the start of the process until the relay has welcomed it */
  async start(): Promise<number> {
    const [command = "", ...args] = pinned(cores.server, [process.execPath, program, "run", "--data", this.data.path]);
    const before = this.relay.epoch;
    const startedAt = performance.now();
    this.#child = spawn(command, args, { stdio: "ignore" });
    await this.relay.changes.until(() => this.relay.epoch > before && this.relay.isOnline, "the bridge");
    return performance.now() - startedAt;
  }

  /** Every process of it: launcher, bridge, and wrappers that wait for runs. */
  get pids(): number[] {
    return this.#child?.pid === undefined ? [] : processTree(this.#child.pid);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
    await this.relay.changes.until(() => !this.relay.isOnline, "the end of the connection");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.relay.stop();
    rmSync(this.data.path, { recursive: true, force: true, maxRetries: 5 });
  }
}
