import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { MemberView } from "../../api/views.ts";
import { Button } from "../../ui/Button.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";

export function RemoveMember({ member: { userId, email } }: { member: MemberView }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const remove = useMutation(
    trpc.members.remove.mutationOptions({
      async onSuccess() {
        await queryClient.invalidateQueries(trpc.members.pathFilter());
        setIsAsking(false);
      },
    }),
  );
  return (
    <>
      <Button variant="danger" onClick={() => setIsAsking(true)} aria-label={t("members.remove.of", { email })}>
        {t("members.remove.remove")}
      </Button>
      <ConfirmDialog
        isOpen={isAsking}
        onOpenChange={setIsAsking}
        title={t("members.remove.question", { email })}
        confirmLabel={t("members.remove.remove")}
        isBusy={remove.isPending}
        problem={remove.error && errorText(t, remove.error)}
        onConfirm={() => remove.mutate({ userId })}
      >
        <p>{t("members.remove.text")}</p>
      </ConfirmDialog>
    </>
  );
}
