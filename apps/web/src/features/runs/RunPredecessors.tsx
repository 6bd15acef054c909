import { useTranslation } from "react-i18next";
import type { TaskView } from "../../api/views.ts";
import { TextLink } from "../../app/TextLink.tsx";

/** The runs that must have succeeded before this one starts. */
export function RunPredecessors({ task }: { task: TaskView }) {
  const { t } = useTranslation();
  if (task.after.length === 0) return null;
  return (
    <p className="flex flex-wrap gap-x-2 text-sm text-muted">
      {t("runs.after.label")}
      {task.after.map((taskId, index) => (
        <TextLink key={taskId} to="/runs/$taskId" params={{ taskId }} className="underline">
          {t("runs.after.open", { number: index + 1 })}
        </TextLink>
      ))}
    </p>
  );
}
