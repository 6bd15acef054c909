import type { TaskView } from "../../api/views.ts";
import { useNow } from "../../app/use-now.ts";
import { useFormat } from "../../i18n/use-format.ts";

/** How long a run took, or how long it has been going: then it ticks. */
export function Elapsed({ task }: { task: Pick<TaskView, "state" | "startedAtMs" | "durationMs"> }) {
  const format = useFormat();
  const isRunning = task.state !== "ended" && task.startedAtMs !== null;
  const nowMs = useNow(500, isRunning);
  if (task.durationMs !== null) return <span className="tabular-nums">{format.duration(task.durationMs)}</span>;
  if (!isRunning || task.startedAtMs === null) return <span className="text-muted">–</span>;
  return <span className="tabular-nums">{format.elapsed(nowMs - task.startedAtMs)}</span>;
}
