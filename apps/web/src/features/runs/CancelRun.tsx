import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleStop } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { toApiError } from "../../api/api-error.ts";
import { trpc } from "../../api/trpc.ts";
import type { TaskView } from "../../api/views.ts";
import { Button } from "../../ui/Button.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";

export function CancelRun({ task }: { task: TaskView }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const renew = () => queryClient.invalidateQueries(trpc.tasks.pathFilter());
  const cancel = useMutation(
    trpc.tasks.cancel.mutationOptions({
      async onSuccess() {
        await renew();
        setIsAsking(false);
      },
      async onError(error) {
        // It ended before the wish arrived: that is no failure, the verdict says it.
        if (toApiError(error).code !== "ALREADY_ENDED") return;
        await renew();
        setIsAsking(false);
      },
    }),
  );
  if (task.state === "ended") return null;
  return (
    <>
      <Button variant="danger" isBusy={task.isCancelling} onClick={() => setIsAsking(true)}>
        {!task.isCancelling && <CircleStop aria-hidden />}
        {task.isCancelling ? t("runs.cancel.pending") : t("runs.cancel.title")}
      </Button>
      <ConfirmDialog
        isOpen={isAsking}
        onOpenChange={setIsAsking}
        title={t("runs.cancel.question")}
        confirmLabel={t("runs.cancel.confirm")}
        isBusy={cancel.isPending}
        problem={cancel.error && errorText(t, cancel.error)}
        onConfirm={() => cancel.mutate({ taskId: task.taskId })}
      >
        <p>{task.startedAtMs === null ? t("runs.cancel.waitingText") : t("runs.cancel.runningText")}</p>
      </ConfirmDialog>
    </>
  );
}
