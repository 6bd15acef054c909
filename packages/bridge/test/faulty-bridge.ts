import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { RunId } from "@quarterdeck/core/ids";
import { readMarker } from "../src/runs/run-files.ts";
import { killRun } from "../src/wrapper/end-run.ts";
import { signalProcess } from "../src/wrapper/processes.ts";
import { RealBridge } from "./real-bridge.ts";

const preload = pathToFileURL(join(import.meta.dirname, "preload/faults.ts")).href;

/** A bridge in a process of its own that dies where a test wants it to, and lives on a clock and a machine of its own. */
export class FaultyBridge implements AsyncDisposable {
  readonly bridge: RealBridge;
  readonly #folder: string;

  private constructor(bridge: RealBridge, folder: string) {
    this.bridge = bridge;
    this.#folder = folder;
  }

  static async start(): Promise<FaultyBridge> {
    const folder = mkdtempSync(join(tmpdir(), "qd-faults-"));
    writeFileSync(join(folder, "boot"), "boot-1");
    const environment = { NODE_OPTIONS: `--import=${preload}?folder=${folder}` };
    return new FaultyBridge(await RealBridge.start({ environment }), folder);
  }

  /** The bridge, or the wrapper, that comes to this moment next is killed. */
  killAt(moment: string): void {
    writeFileSync(join(this.#folder, "failpoint"), moment);
  }

  /** The moment came. */
  get wasKilled(): boolean {
    return !existsSync(join(this.#folder, "failpoint"));
  }

  setClock(aheadMs: number): void {
    writeFileSync(join(this.#folder, "clock-ahead-ms"), String(aheadMs));
  }

  /** Moves the clock that nobody sets: how long the machine has been up. */
  setUptime(aheadMs: number): void {
    writeFileSync(join(this.#folder, "uptime-ahead-ms"), String(aheadMs));
  }

  /** The machine loses its power, with this run on it, and starts again. */
  async reboot(runId: RunId, boot: string): Promise<void> {
    await this.bridge.end("SIGKILL");
    const wrapper = readMarker(this.bridge.data.run(runId))?.pid;
    if (wrapper !== undefined) signalProcess(wrapper, "SIGKILL");
    await killRun(runId);
    writeFileSync(join(this.#folder, "boot"), boot);
    this.bridge.begin();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bridge[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
