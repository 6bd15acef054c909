import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Pause, Play } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { WorkspaceView } from "../../api/views.ts";
import { Button } from "../../ui/Button.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { placeOf, useMay } from "../access/use-may.ts";

/** Halts a workspace's processes after a question, or lets them go on. */
export function FreezeControl({ workspace: { workspaceId, motion } }: { workspace: WorkspaceView }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const onSuccess = async () => {
    await queryClient.invalidateQueries(trpc.workspaces.pathFilter());
    setIsAsking(false);
  };
  const freeze = useMutation(trpc.workspaces.freeze.mutationOptions({ onSuccess }));
  const thaw = useMutation(trpc.workspaces.thaw.mutationOptions({ onSuccess }));
  const mayChange = useMay("workspaces.freeze", placeOf({ workspaceId }));
  if (!mayChange) return null;
  if (motion === "running" || motion === "freezing")
    return (
      <>
        <Button isBusy={motion === "freezing"} onClick={() => setIsAsking(true)}>
          {motion === "running" && <Pause aria-hidden />}
          {t("workspaces.freeze.freeze")}
        </Button>
        <ConfirmDialog
          isOpen={isAsking}
          onOpenChange={setIsAsking}
          title={t("workspaces.freeze.question")}
          confirmLabel={t("workspaces.freeze.freeze")}
          cancelLabel={t("common.cancel")}
          variant="primary"
          isBusy={freeze.isPending}
          problem={freeze.error && errorText(t, freeze.error)}
          onConfirm={() => freeze.mutate({ workspaceId })}
        >
          <p>{t("workspaces.freeze.text")}</p>
        </ConfirmDialog>
      </>
    );
  const isBusy = thaw.isPending || motion === "thawing";
  return (
    <div className="flex flex-col items-end gap-2">
      <Button variant="primary" isBusy={isBusy} onClick={() => thaw.mutate({ workspaceId })}>
        {!isBusy && <Play aria-hidden />}
        {t("workspaces.freeze.thaw")}
      </Button>
      {thaw.error !== null && (
        <p role="alert" className="max-w-md text-end text-sm text-bad">
          {errorText(t, thaw.error)}
        </p>
      )}
    </div>
  );
}
