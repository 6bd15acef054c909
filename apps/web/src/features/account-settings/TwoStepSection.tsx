import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { AccountView } from "../../api/views.ts";
import { Badge } from "../../ui/Badge.tsx";
import { Button } from "../../ui/Button.tsx";
import { Section } from "../../ui/Card.tsx";
import { toasts } from "../../ui/toasts.ts";
import { RecoveryCodes } from "./RecoveryCodes.tsx";
import { RemoveButton } from "./RemoveButton.tsx";
import { SettingRow } from "./SettingRow.tsx";
import { SetUpTotp } from "./SetUpTotp.tsx";
import { useAccountChanged } from "./use-account-changed.ts";

/** The authenticator app and the recovery codes. */
export function TwoStepSection({ account }: { account: AccountView }) {
  const { t } = useTranslation();
  const changed = useAccountChanged();
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const remove = useMutation(trpc.account.removeTotp.mutationOptions({ onSuccess: changed }));
  const renew = useMutation(
    trpc.account.newRecoveryCodes.mutationOptions({
      onSuccess: ({ recoveryCodes }) => setCodes(recoveryCodes),
      onError: (error) => toasts.show(errorText(t, error)),
      onSettled: changed,
    }),
  );
  const { hasTotp, passkeys, recoveryCodesLeft: count } = account;
  const hasFactor = hasTotp || passkeys.length > 0;
  return (
    <Section title={t("account.twoStep.title")}>
      <div className="flex flex-col gap-3">
        <SettingRow
          actions={
            hasTotp ? (
              <RemoveButton
                label={t("account.twoStep.remove")}
                name={`${t("account.twoStep.remove")}: ${t("account.twoStep.app")}`}
                title={t("account.twoStep.removeTitle")}
                text={t("account.twoStep.removeText")}
                doneText={t("account.twoStep.removed")}
                remove={() => remove.mutateAsync()}
              />
            ) : (
              <SetUpTotp onCodes={setCodes} />
            )
          }
        >
          <div className="flex flex-wrap items-center gap-2 font-medium">
            {t("account.twoStep.app")}
            <Badge tone={hasTotp ? "good" : "neutral"}>
              {hasTotp ? t("account.twoStep.on") : t("account.twoStep.off")}
            </Badge>
          </div>
          <p className="mt-0.5 text-muted">{t("account.twoStep.text")}</p>
        </SettingRow>
        <SettingRow
          actions={
            hasFactor && (
              <Button isBusy={renew.isPending} onClick={() => renew.mutate()}>
                {t("account.recovery.make")}
              </Button>
            )
          }
        >
          <div className="font-medium">{t("account.recovery.title")}</div>
          <p className="mt-0.5 text-muted">
            {hasFactor ? t("account.recovery.left", { count }) : t("account.recovery.none")}
          </p>
        </SettingRow>
      </div>
      <RecoveryCodes codes={codes} onKept={() => setCodes(null)} />
    </Section>
  );
}
