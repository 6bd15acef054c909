import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { cores, pinned } from "./cpu-cores.ts";

/** Required, because what an import of it gives depends on who imports. */
const { default: workerd } = createRequire(import.meta.url)("workerd") as { readonly default: string };

interface WorkerdOptions {
  /** Where its configuration, its modules and its log are. */
  readonly folder: string;
  readonly config: string;
  readonly port: number;
  readonly environment: NodeJS.ProcessEnv;
}

/** A Workers runtime of its own, pinned to the server's core. It can be killed and started again on the same storage. */
export class WorkerdProcess {
  readonly port: number;
  readonly #options: WorkerdOptions;
  #child: ChildProcess | undefined;

  private constructor(options: WorkerdOptions) {
    this.port = options.port;
    this.#options = options;
  }

  static async start(options: WorkerdOptions): Promise<WorkerdProcess> {
    const runtime = new WorkerdProcess(options);
    writeFileSync(join(options.folder, "worker.capnp"), options.config);
    await runtime.start();
    return runtime;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error("workerd does not run");
    return this.#child.pid;
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${this.port}`);
  }

  async start(): Promise<void> {
    const { folder, environment } = this.#options;
    const log = openSync(join(folder, "workerd.log"), "a");
    const [command = "", ...args] = pinned(cores.server, [workerd, "serve", "worker.capnp"]);
    const child = spawn(command, args, { cwd: folder, env: { ...environment }, stdio: ["ignore", log, log] });
    closeSync(log);
    this.#child = child;
    while (!(await this.#answers())) {
      if (child.exitCode !== null) throw new Error(`workerd did not start; see ${join(folder, "workerd.log")}`);
      await delay(5);
    }
  }

  async #answers(): Promise<boolean> {
    try {
      return (await fetch(new URL("/health", this.url))).ok;
    } catch {
      return false; // It does not listen yet.
    }
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
}
