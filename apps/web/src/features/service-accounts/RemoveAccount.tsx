import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { ServiceAccountView } from "../../api/views.ts";
import { Button } from "../../ui/Button.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";

export function RemoveAccount({ account }: { account: ServiceAccountView }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const { serviceAccountId, placeId, name } = account;
  const [isAsking, setIsAsking] = useState(false);
  const remove = useMutation(
    trpc.serviceAccounts.remove.mutationOptions({
      async onSuccess() {
        setIsAsking(false);
        await queryClient.invalidateQueries(trpc.serviceAccounts.pathFilter());
      },
    }),
  );
  return (
    <>
      <Button variant="danger" onClick={() => setIsAsking(true)} aria-label={t("serviceAccounts.remove.of", { name })}>
        {t("serviceAccounts.remove.remove")}
      </Button>
      <ConfirmDialog
        isOpen={isAsking}
        onOpenChange={setIsAsking}
        title={t("serviceAccounts.remove.question", { name })}
        confirmLabel={t("serviceAccounts.remove.remove")}
        isBusy={remove.isPending}
        problem={remove.error && errorText(t, remove.error)}
        onConfirm={() => remove.mutate({ serviceAccountId, placeId })}
      >
        <p>{t("serviceAccounts.remove.text")}</p>
      </ConfirmDialog>
    </>
  );
}
