import { useTranslation } from "react-i18next";
import type { TaskView } from "../../api/views.ts";
import { Alert } from "../../ui/Alert.tsx";

/** What there is to say about an end that is not plain success or failure of the program. */
export function RunMessage({ task }: { task: TaskView }) {
  const { t } = useTranslation();
  if (task.verdict === null || task.verdict === "succeeded") return null;
  if (task.verdict === "failed" && task.message === null) return null;
  const tone = task.verdict === "cancelled" ? "info" : task.verdict === "failed" ? "bad" : "warn";
  return (
    <Alert tone={tone} title={t(`runs.verdictText.${task.verdict}`)}>
      {task.message !== null && task.verdict !== "cancelled" && <p className="whitespace-pre-wrap">{task.message}</p>}
    </Alert>
  );
}
