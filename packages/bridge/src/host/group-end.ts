import { failed, type Completion, type RunUse } from "../actions/action-context.ts";
import type { RunGroupEnd } from "../drivers/driver.ts";

/** What a run's end was, where its group knows better than its program: a limit stopped it. */
export function explainGroupEnd(completion: Completion, end: RunGroupEnd | undefined): Completion {
  if (completion.verdict !== "failed" || end === undefined || end.oomKills === 0) return completion;
  // Its wrapper saw it, and names the limit.
  if (completion.code === "OUT_OF_MEMORY") return completion;
  return failed(
    "OUT_OF_MEMORY",
    "It used more memory than it may and was stopped. Give it more, or make it need less.",
  );
}

/** Adds what a run used. A count of zero is none: nothing runs without any. */
export function withUse(completion: Completion, end: RunGroupEnd | undefined): Completion {
  if (end === undefined) return completion;
  const { cpuUsec, memoryPeak } = end;
  const used: RunUse = {
    ...(cpuUsec > 0 && { cpuMs: Math.ceil(cpuUsec / 1000) }),
    ...(memoryPeak !== null && memoryPeak > 0 && { peakMemory: memoryPeak }),
  };
  return { ...completion, used };
}
