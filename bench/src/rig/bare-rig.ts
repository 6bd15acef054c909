import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBareObject } from "./bare-object.ts";
import { socketUrl, WireEnd } from "./wire-end.ts";
import type { WorkerdProcess } from "./workerd-process.ts";

/** Bare objects, and ends of them. */
export class BareRig implements AsyncDisposable {
  readonly #runtime: WorkerdProcess;
  readonly #folder: string;
  readonly #ends: WireEnd[] = [];

  private constructor(runtime: WorkerdProcess, folder: string) {
    this.#runtime = runtime;
    this.#folder = folder;
  }

  static async start(): Promise<BareRig> {
    const folder = mkdtempSync(join(tmpdir(), "quarterdeck-bench-bare-"));
    return new BareRig(await startBareObject(folder), folder);
  }

  get pid(): number {
    return this.#runtime.pid;
  }

  async open(kind: "bridge" | "viewer", name: string, onMessage: (message: Buffer) => void): Promise<WireEnd> {
    const end = await WireEnd.open(socketUrl(this.#runtime.url, `/${kind}/${name}`), onMessage);
    this.#ends.push(end);
    return end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) end.close();
    await this.#runtime.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
