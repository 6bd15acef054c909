import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findFreePort } from "../../../apps/api/src/embedded/free-port.ts";
import { cores, pinned } from "../rig/cpu-cores.ts";

/** hono, tRPC and libSQL without any check, in a process on the server's core. */
export class BareTrpc implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(url: string, child: ChildProcess, folder: string) {
    this.url = url;
    this.#child = child;
    this.#folder = folder;
  }

  static async start(): Promise<BareTrpc> {
    const folder = mkdtempSync(join(tmpdir(), "quarterdeck-bench-bare-trpc-"));
    const port = await findFreePort();
    const script = join(import.meta.dirname, "bare-trpc.ts");
    const node = [process.execPath, "--disable-warning=ExperimentalWarning", script];
    const [command = "", ...args] = pinned(cores.server, [...node, String(port), join(folder, "bare.db")]);
    const child = spawn(command, args, {
      stdio: ["ignore", "ignore", "inherit"],
      env: { NODE_ENV: "production", PATH: process.env["PATH"] },
    });
    const peer = new BareTrpc(`http://127.0.0.1:${port}`, child, folder);
    while (!(await peer.#answers())) {
      if (child.exitCode !== null) throw new Error("the bare server did not start");
      await delay(20);
    }
    return peer;
  }

  #answers(): Promise<boolean> {
    return fetch(`${this.url}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
