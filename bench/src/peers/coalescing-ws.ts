import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { cores, pinned } from "../rig/cpu-cores.ts";
import { findFreePort } from "../../../apps/api/src/embedded/free-port.ts";
import { WireEnd } from "../rig/wire-end.ts";

const script = join(import.meta.dirname, "coalescing-ws-server.ts");

/** The peer of the fan-out of output, in a process on the server's core. */
export class CoalescingWs implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly #ends: WireEnd[] = [];

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.#port = port;
  }

  static async start(): Promise<CoalescingWs> {
    const port = await findFreePort();
    const [command = "", ...args] = pinned(cores.server, [process.execPath, script, String(port)]);
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"] });
    const answers = () =>
      fetch(`http://127.0.0.1:${port}`).then(
        () => true,
        () => false,
      );
    while (!(await answers())) await delay(20);
    return new CoalescingWs(child, port);
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("the peer does not run");
    return this.#child.pid;
  }

  async open(path: "/source" | "/viewer", onMessage: (message: Buffer) => void): Promise<WireEnd> {
    const end = await WireEnd.open(new URL(path, `ws://127.0.0.1:${this.#port}`), onMessage);
    this.#ends.push(end);
    return end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) end.close();
    this.#child.kill("SIGKILL");
    await Promise.resolve();
  }
}
