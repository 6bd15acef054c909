import { coreMillicores } from "@quarterdeck/core/units";

/** A cumulative counter of processor time as it was at a moment. */
export interface CpuCount {
  readonly usec: number;
  readonly atMs: number;
}

const usecPerMs = 1000;

/**
 * What a group used between two looks at its counter, in millicores. A counter that went back began anew, and time that
 * stood still or went back says nothing: both are 0, and nothing is ever more than the machine has.
 *
 * @param before the count at the look before; null for a group that was made since `sinceMs`
 */
export function cpuRate(before: CpuCount | null, now: CpuCount, of: { sinceMs: number; capacity: number }): number {
  const fromMs = before?.atMs ?? of.sinceMs;
  const usedUsec = now.usec - (before?.usec ?? 0);
  const passedUsec = (now.atMs - fromMs) * usecPerMs;
  if (!(usedUsec > 0) || !(passedUsec > 0)) return 0;
  return Math.min(of.capacity, Math.round((usedUsec / passedUsec) * coreMillicores));
}
