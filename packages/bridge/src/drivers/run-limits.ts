import { burstOf, defaultBurst } from "@quarterdeck/core/quota/burst";
import type { Resources } from "@quarterdeck/core/quota/resources";
import { mebibyte } from "@quarterdeck/core/units";
import type { RunLimits } from "./driver.ts";

const runTasks = 512;
/**
 * Between the amount above which the kernel slows a run down and the one at which it stops it. The kernel slows by the square of
 * what is above: with a fifth of the limit between the two, a run that only takes would take minutes to be stopped.
 */
const slowedBytes = 16 * mebibyte;

/** What a run may take that asked for so much: some more than it said, so that not every misjudged demand ends it. */
export function runLimits({ cpu, memory }: Pick<Resources, "cpu" | "memory">): RunLimits {
  const burst = burstOf({ cpu, memory }, defaultBurst);
  const memoryMax = burst.memory;
  return {
    promisedCpu: cpu,
    cpu: burst.cpu,
    memoryHigh: Math.max(Math.floor((memoryMax * 15) / 16), memoryMax - slowedBytes),
    memoryMax,
    tasks: runTasks,
  };
}
