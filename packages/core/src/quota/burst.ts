import * as z from "zod";
import { percentOf } from "./percent-of.ts";

const percent = z.int().min(100).max(1000);

/** How far a run may go above its limit for a short while, where the machine has room. */
export const burstSchema = z.strictObject({ cpuPercent: percent, memoryPercent: percent });
export type Burst = z.infer<typeof burstSchema>;

/** What bridges let runs have. */
export const defaultBurst: Burst = { cpuPercent: 150, memoryPercent: 120 };

/**
 * What may be used in a burst, rounded down, at most 2^53 − 1.
 *
 * @param limit cpu in millicores, memory in bytes, safe integers of at least 0
 * @throws RangeError when one of them is not that
 */
export function burstOf(
  limit: { readonly cpu: number; readonly memory: number },
  { cpuPercent, memoryPercent }: Burst,
): { cpu: number; memory: number } {
  return { cpu: percentOf(limit.cpu, cpuPercent), memory: percentOf(limit.memory, memoryPercent) };
}
