import type { RunId } from "@quarterdeck/core/ids";
import { gibibyte, mebibyte } from "@quarterdeck/core/units";

/** What the outputs of all ended runs may take together (PROTOCOL 6.10). */
const mostKeptBytes = 5 * gibibyte;
const mostShareOfDisk = 0.1;
/**
 * What kept outputs leave free for others: more than a bridge needs to take commands, so that it never refuses work for the
 * sake of old outputs.
 */
const leastFreeBytes = 40 * mebibyte;
const leastFreeShareOfDisk = 0.05;
const enoughFreeBytes = 256 * mebibyte;

interface Disk {
  /** What the outputs of ended runs take now. */
  readonly keptBytes: number;
  readonly freeBytes: number;
  readonly diskBytes: number;
}

/** How much the outputs of ended runs may take as things are. */
export function keptOutputBudget({ keptBytes, freeBytes, diskBytes }: Disk): number {
  const wantedFreeBytes = Math.max(leastFreeBytes, Math.min(enoughFreeBytes, leastFreeShareOfDisk * diskBytes));
  const missingBytes = Math.max(0, wantedFreeBytes - freeBytes);
  return Math.max(0, Math.min(mostKeptBytes, mostShareOfDisk * diskBytes, keptBytes - missingBytes));
}

interface Kept {
  /** The bytes of each ended run's output, the oldest first. */
  readonly outputs: Iterable<readonly [RunId, number]>;
  readonly keptBytes: number;
  readonly budgetBytes: number;
  /** Whether a run is over for everybody: it has ended, and the relay has its result. */
  readonly isSettled: (runId: RunId) => boolean;
}

/** Which outputs go: the oldest, and no more than it takes. */
export function outputsToDrop({ outputs, keptBytes, budgetBytes, isSettled }: Kept): RunId[] {
  let excessBytes = keptBytes - budgetBytes;
  const dropped: RunId[] = [];
  for (const [runId, bytes] of outputs) {
    if (excessBytes <= 0) break;
    if (bytes === 0 || !isSettled(runId)) continue;
    dropped.push(runId);
    excessBytes -= bytes;
  }
  return dropped;
}
