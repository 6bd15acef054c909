import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { ApiKeyView, ServiceAccountView } from "../../api/views.ts";
import { TimeAgo } from "../../app/TimeAgo.tsx";
import { useFormat } from "../../i18n/use-format.ts";
import { Badge } from "../../ui/Badge.tsx";
import { Button } from "../../ui/Button.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { Cell } from "../../ui/Table.tsx";

export interface KeyRowProps {
  readonly account: ServiceAccountView;
  readonly apiKey: ApiKeyView;
  readonly onRotate: () => void;
}

export function KeyRow({ account, apiKey, onRotate }: KeyRowProps) {
  const { t } = useTranslation();
  const { hint, isLive, lastUsedAtMs, lastUsedAddress } = apiKey;
  const named = { hint, name: account.name };
  return (
    <tr>
      <Cell className="font-mono">…{hint}</Cell>
      <Cell>
        <End apiKey={apiKey} />
      </Cell>
      <Cell>
        {lastUsedAtMs === null ? (
          t("serviceAccounts.key.never")
        ) : (
          <>
            <TimeAgo atMs={lastUsedAtMs} />{" "}
            <span className="text-muted">{t("serviceAccounts.key.from", { address: lastUsedAddress ?? "" })}</span>
          </>
        )}
      </Cell>
      <Cell>
        {isLive && (
          <div className="flex flex-wrap justify-end gap-2">
            <Button onClick={onRotate} aria-label={t("serviceAccounts.key.rotateOf", named)}>
              {t("serviceAccounts.key.rotate")}
            </Button>
            <RevokeKey account={account} apiKey={apiKey} />
          </div>
        )}
      </Cell>
    </tr>
  );
}

function End({ apiKey: { endsAtMs, revokedAtMs, isLive } }: { apiKey: ApiKeyView }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (revokedAtMs !== null) return <Badge tone="bad">{t("serviceAccounts.key.revoked")}</Badge>;
  if (!isLive) return <Badge tone="warn">{t("serviceAccounts.key.ended")}</Badge>;
  return <>{endsAtMs === null ? t("serviceAccounts.key.never") : format.dateTime(endsAtMs)}</>;
}

function RevokeKey({ account, apiKey: { keyId, hint } }: Pick<KeyRowProps, "account" | "apiKey">) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const { serviceAccountId, placeId, name } = account;
  const [isAsking, setIsAsking] = useState(false);
  const revoke = useMutation(
    trpc.serviceAccounts.revokeKey.mutationOptions({
      async onSuccess() {
        await queryClient.invalidateQueries(trpc.serviceAccounts.pathFilter());
        setIsAsking(false);
      },
    }),
  );
  return (
    <>
      <Button
        variant="danger"
        onClick={() => setIsAsking(true)}
        aria-label={t("serviceAccounts.key.revokeOf", { hint, name })}
      >
        {t("serviceAccounts.key.revoke")}
      </Button>
      <ConfirmDialog
        isOpen={isAsking}
        onOpenChange={setIsAsking}
        title={t("serviceAccounts.key.revokeQuestion")}
        confirmLabel={t("serviceAccounts.key.revoke")}
        isBusy={revoke.isPending}
        problem={revoke.error && errorText(t, revoke.error)}
        onConfirm={() => revoke.mutate({ serviceAccountId, placeId, keyId })}
      >
        <p>{t("serviceAccounts.key.revokeText")}</p>
      </ConfirmDialog>
    </>
  );
}
