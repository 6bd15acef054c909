import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { QuotaView } from "../../api/views.ts";
import { Button } from "../../ui/Button.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";

/** Whether a node may give its children more in all than it has. */
export function OvercommitSetting({ quota }: { quota: QuotaView }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const { nodeId, isOvercommitted, mayChange } = quota;
  const set = useMutation(
    trpc.quotas.setOvercommit.mutationOptions({
      async onSuccess() {
        await queryClient.invalidateQueries(trpc.quotas.pathFilter());
        setIsAsking(false);
      },
    }),
  );
  const words = isOvercommitted ? "off" : "on";
  return (
    <div className="flex flex-wrap items-center justify-between gap-2 text-sm">
      <p className="min-w-0 flex-1 basis-64 text-muted">
        {isOvercommitted ? t("quotas.overcommit.isOn") : t("quotas.overcommit.isOff")}
      </p>
      {mayChange && <Button onClick={() => setIsAsking(true)}>{t(`quotas.overcommit.${words}.title`)}</Button>}
      <ConfirmDialog
        isOpen={isAsking}
        onOpenChange={setIsAsking}
        title={t(`quotas.overcommit.${words}.question`)}
        confirmLabel={t(`quotas.overcommit.${words}.title`)}
        cancelLabel={t("common.cancel")}
        variant="primary"
        isBusy={set.isPending}
        problem={set.error && errorText(t, set.error)}
        onConfirm={() => set.mutate({ nodeId, isOvercommitted: !isOvercommitted })}
      >
        <p>{t(`quotas.overcommit.${words}.text`)}</p>
      </ConfirmDialog>
    </div>
  );
}
