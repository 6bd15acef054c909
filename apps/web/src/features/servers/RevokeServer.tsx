import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Unplug } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { ServerView } from "../../api/views.ts";
import { Button } from "../../ui/Button.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";

/** Removes a server for good, after a question. */
export function RevokeServer({ server }: { server: Pick<ServerView, "serverId" | "isRevoked"> }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const revoke = useMutation(
    trpc.servers.revoke.mutationOptions({
      async onSuccess() {
        await queryClient.invalidateQueries(trpc.servers.pathFilter());
        setIsAsking(false);
      },
    }),
  );
  if (server.isRevoked) return null;
  return (
    <>
      <Button variant="danger" onClick={() => setIsAsking(true)}>
        <Unplug aria-hidden />
        {t("servers.revoke.title")}
      </Button>
      <ConfirmDialog
        isOpen={isAsking}
        onOpenChange={setIsAsking}
        title={t("servers.revoke.question")}
        confirmLabel={t("servers.revoke.confirm")}
        isBusy={revoke.isPending}
        problem={revoke.error && errorText(t, revoke.error)}
        onConfirm={() => revoke.mutate({ serverId: server.serverId })}
      >
        <p>{t("servers.revoke.text")}</p>
      </ConfirmDialog>
    </>
  );
}
