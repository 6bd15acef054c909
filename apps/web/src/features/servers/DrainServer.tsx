import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { ServerView } from "../../api/views.ts";
import { Button } from "../../ui/Button.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";

/** Empties a server, after a question: what runs may end by itself, or is cancelled. */
export function DrainServer({ server }: { server: Pick<ServerView, "serverId" | "admission"> }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const isDraining = server.admission === "draining";
  const [cancelsRuns, setCancelsRuns] = useState(false);
  const drain = useMutation(
    trpc.servers.drain.mutationOptions({
      async onSuccess() {
        await queryClient.invalidateQueries(trpc.servers.pathFilter());
        setIsAsking(false);
      },
    }),
  );
  return (
    <>
      <Button
        variant="danger"
        onClick={() => {
          setCancelsRuns(isDraining);
          setIsAsking(true);
        }}
      >
        {isDraining ? t("serverCare.cancelRest") : t("serverCare.drain")}
      </Button>
      <ConfirmDialog
        isOpen={isAsking}
        onOpenChange={setIsAsking}
        title={t("serverCare.drainQuestion")}
        confirmLabel={t("serverCare.drainConfirm")}
        isBusy={drain.isPending}
        problem={drain.error && errorText(t, drain.error)}
        onConfirm={() => drain.mutate({ serverId: server.serverId, cancelsRuns })}
      >
        <p>{t("serverCare.drainText")}</p>
        <label className="mt-3 flex items-center gap-2 text-ink">
          <input
            type="checkbox"
            checked={cancelsRuns}
            onChange={(event) => setCancelsRuns(event.target.checked)}
            className="size-4 accent-accent"
          />
          {t("serverCare.cancelRuns")}
        </label>
      </ConfirmDialog>
    </>
  );
}
