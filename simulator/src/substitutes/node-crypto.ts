import { randomBytes as realRandomBytes } from "node:crypto";
import { randomUuid } from "../world/globals.ts";
import { currentProcess } from "../world/sim-process.ts";

export * from "node:crypto";

export function randomBytes(count: number): Buffer {
  const process = currentProcess();
  return process ? Buffer.from(process.machine.world.random.bytes(count)) : realRandomBytes(count);
}

export function randomUUID(): string {
  return randomUuid();
}
