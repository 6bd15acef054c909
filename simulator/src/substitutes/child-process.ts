import type { EventEmitter } from "node:events";
import { requireProcess } from "../world/sim-process.ts";
import type { Pipe } from "./output-pipe.ts";
import { nodePath } from "./process.ts";

interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdio?: readonly unknown[];
}

/** What a machine does with `spawn`: it starts wrappers, and programs of runs. */
export interface Spawner {
  wrapper(): EventEmitter;
  program(call: { program: string; args: readonly string[]; runId: string; output: Pipe }): EventEmitter;
}

const spawners = new WeakMap<object, Spawner>();

export function setSpawner(machine: object, spawner: Spawner): void {
  spawners.set(machine, spawner);
}

/** `node:child_process`, as the bridge uses it. */
export function spawn(program: string, args: readonly string[], options: SpawnOptions): EventEmitter {
  const spawner = spawners.get(requireProcess().machine);
  if (!spawner) throw new Error("this machine starts no processes");
  if (program === nodePath && args.some((arg) => arg.endsWith("wrapper.ts"))) return spawner.wrapper();
  const runId = options.env?.["QUARTERDECK_RUN_ID"] ?? "";
  return spawner.program({ program, args, runId, output: options.stdio?.[1] as Pipe });
}

export function execFile(program: string): never {
  throw new Error(`${program} is not simulated`);
}

export function execFileSync(program: string): never {
  throw new Error(`${program} is not simulated`);
}
