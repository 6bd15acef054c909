import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Unplug } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toApiError } from "../../api/api-error.ts";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { ServerView } from "../../api/views.ts";
import { Button } from "../../ui/Button.tsx";
import { TextField } from "../../ui/Field.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";

/** Removes a server for good, after a question. */
export function RevokeServer({ server }: { server: Pick<ServerView, "serverId" | "isRevoked"> }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const [confirmName, setConfirmName] = useState("");
  const revoke = useMutation(
    trpc.servers.revoke.mutationOptions({
      async onSuccess() {
        await queryClient.invalidateQueries(trpc.servers.pathFilter());
        setIsAsking(false);
      },
    }),
  );
  if (server.isRevoked) return null;
  const isNameNeeded = revoke.error !== null && toApiError(revoke.error).code === "CONFIRMATION_NEEDED";
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
        onConfirm={() =>
          revoke.mutate({ serverId: server.serverId, confirmName: confirmName === "" ? null : confirmName })
        }
      >
        <p>{t("servers.revoke.text")}</p>
        {isNameNeeded && (
          <div className="mt-3 text-ink">
            <TextField
              label={t("serverCare.confirmName")}
              hint={t("serverCare.confirmNameHint")}
              dir="auto"
              autoComplete="off"
              value={confirmName}
              onChange={(event) => setConfirmName(event.target.value)}
            />
          </div>
        )}
      </ConfirmDialog>
    </>
  );
}
