import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import { useFormat } from "../../i18n/use-format.ts";
import { Alert } from "../../ui/Alert.tsx";
import { Button } from "../../ui/Button.tsx";
import { toasts } from "../../ui/toasts.ts";

/** On every page of an org that is going to be deleted. */
export function ClosingBanner({ deleteAtMs, isOwner }: { deleteAtMs: number; isOwner: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const queryClient = useQueryClient();
  const keep = useMutation(
    trpc.orgs.cancelDeletion.mutationOptions({
      async onSuccess() {
        await queryClient.invalidateQueries(trpc.pathFilter());
        toasts.show(t("orgs.closing.kept"));
      },
      onError: (error) => toasts.show(errorText(t, error)),
    }),
  );
  return (
    <Alert
      tone="warn"
      className="mb-6"
      title={t("orgs.closing.title", { date: format.dateTime(deleteAtMs) })}
      action={
        isOwner && (
          <Button isBusy={keep.isPending} onClick={() => keep.mutate()}>
            {t("orgs.closing.keep")}
          </Button>
        )
      }
    >
      {t("orgs.closing.text")} {!isOwner && t("orgs.closing.owner")}
    </Alert>
  );
}
