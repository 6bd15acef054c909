import { RotateCcw } from "lucide-react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import type { TaskView } from "../../api/views.ts";
import { Button } from "../../ui/Button.tsx";
import { isOutcomeOpen } from "./OutcomeChoice.tsx";
import { useSubmitTask } from "../programs/use-submit-task.ts";
import { commandOf } from "./use-task-title.ts";

/** The same command once more, as a new task. */
export function RunAgain({ task }: { task: TaskView }) {
  const { t } = useTranslation();
  const submit = useSubmitTask();
  const command = commandOf(task);
  // Of a run whose outcome is unknown, running it again is one of the choices that are explained.
  if (task.state !== "ended" || command === null || isOutcomeOpen(task)) return null;
  return (
    <>
      {submit.error !== null && (
        <p role="alert" className="self-center text-sm text-bad">
          {errorText(t, submit.error)}
        </p>
      )}
      <Button
        isBusy={submit.isPending}
        onClick={() =>
          submit.mutate({
            workspaceId: task.workspaceId,
            projectId: task.projectId,
            action: "exec",
            params: { program: command.program, args: command.args },
            ...(task.demand !== null && { demand: task.demand }),
            ...(!task.isDetached && { isDetached: false }),
          })
        }
      >
        {!submit.isPending && <RotateCcw aria-hidden />}
        {t("runs.again")}
      </Button>
    </>
  );
}
