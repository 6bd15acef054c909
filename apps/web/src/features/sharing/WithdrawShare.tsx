import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { GivenShareView } from "../../api/views.ts";
import { Button } from "../../ui/Button.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";

export function WithdrawShare({ share }: { share: GivenShareView }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const [cancelsRuns, setCancelsRuns] = useState(false);
  const withdraw = useMutation(
    trpc.sharing.withdraw.mutationOptions({
      async onSuccess() {
        await queryClient.invalidateQueries(trpc.sharing.pathFilter());
        setIsAsking(false);
      },
    }),
  );
  const { shareId, label } = share;
  return (
    <>
      <Button variant="danger" onClick={() => setIsAsking(true)}>
        {t("sharing.given.withdraw")}
      </Button>
      <ConfirmDialog
        isOpen={isAsking}
        onOpenChange={setIsAsking}
        title={t("sharing.given.withdrawQuestion", { label })}
        confirmLabel={t("sharing.given.withdrawConfirm")}
        isBusy={withdraw.isPending}
        problem={withdraw.error && errorText(t, withdraw.error)}
        onConfirm={() => withdraw.mutate({ shareId, cancelsRuns })}
      >
        <p>{t("sharing.given.withdrawText")}</p>
        {share.state === "accepted" && (
          <label className="mt-3 flex items-center gap-2 text-ink">
            <input
              type="checkbox"
              checked={cancelsRuns}
              onChange={(event) => setCancelsRuns(event.target.checked)}
              className="size-4 accent-accent"
            />
            {t("sharing.given.cancelRuns")}
          </label>
        )}
      </ConfirmDialog>
    </>
  );
}
