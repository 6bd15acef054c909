import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { ServerView } from "../../api/views.ts";
import { Button } from "../../ui/Button.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";

export interface AcknowledgeLimitsProps {
  readonly serverId: ServerView["serverId"];
  readonly finding: NonNullable<ServerView["limitAlert"]>;
}

/** Takes the alert about limits off the page, for everybody and under one's own name. */
export function AcknowledgeLimits({ serverId, finding }: AcknowledgeLimitsProps) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const acknowledge = useMutation(
    trpc.servers.acknowledgeLimitAlert.mutationOptions({
      async onSuccess() {
        await queryClient.invalidateQueries(trpc.servers.pathFilter());
        setIsAsking(false);
      },
    }),
  );
  return (
    <>
      <Button onClick={() => setIsAsking(true)}>{t("servers.limits.seen")}</Button>
      <ConfirmDialog
        isOpen={isAsking}
        onOpenChange={setIsAsking}
        title={t("servers.limits.question")}
        confirmLabel={t("servers.limits.seen")}
        cancelLabel={t("servers.auditSeen.notYet")}
        variant="primary"
        isBusy={acknowledge.isPending}
        problem={acknowledge.error && errorText(t, acknowledge.error)}
        onConfirm={() => acknowledge.mutate({ serverId, ...finding })}
      >
        <p>{t("servers.limits.seenText")}</p>
      </ConfirmDialog>
    </>
  );
}
