import { Hourglass } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { TaskView } from "../../api/views.ts";

/** Why a task has not started yet. */
export function WaitingNote({ task }: { task: TaskView }) {
  const { t } = useTranslation();
  if (task.state === "ended" || task.startedAtMs !== null || task.waiting === null) return null;
  return (
    <div role="status" className="flex items-start gap-2.5 rounded-md border border-line bg-sunken px-3 py-2.5 text-sm">
      <Hourglass className="mt-0.5 size-4 shrink-0 text-accent" aria-hidden />
      <div className="min-w-0">
        <p className="font-medium">{t(`runs.waiting.${task.waiting.reason}`)}</p>
        <p className="break-words text-muted">{task.waiting.message}</p>
      </div>
    </div>
  );
}
