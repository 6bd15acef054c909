import type { ServerId } from "@quarterdeck/core/ids";
import { ArrowUpCircle } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import type { UpdateView } from "../../api/views.ts";
import { Button } from "../../ui/Button.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { useUpdateServer } from "./use-updates.ts";

export interface UpdateServerProps {
  readonly serverId: ServerId;
  readonly version: string;
  readonly lastUpdate: UpdateView | null;
}

export function UpdateServer({ serverId, version, lastUpdate }: UpdateServerProps) {
  const { t } = useTranslation();
  const [isAsking, setIsAsking] = useState(false);
  const update = useUpdateServer(() => setIsAsking(false));
  // What failed there is not started again by itself, so a person says that it shall be.
  const triesAgain = lastUpdate?.state === "failed" && lastUpdate.version === version;
  return (
    <>
      <Button variant="primary" onClick={() => setIsAsking(true)}>
        <ArrowUpCircle aria-hidden />
        {triesAgain ? t("updates.updateAgain", { version }) : t("updates.update", { version })}
      </Button>
      <ConfirmDialog
        isOpen={isAsking}
        onOpenChange={setIsAsking}
        title={t("updates.question")}
        confirmLabel={t("updates.confirm")}
        cancelLabel={t("updates.notNow")}
        variant="primary"
        isBusy={update.isPending}
        problem={update.error && errorText(t, update.error)}
        onConfirm={() => update.mutate({ serverId, triesAgain })}
      >
        <p>{t("updates.workGoesOn")}</p>
        <p className="mt-2">{t("updates.comesBack")}</p>
      </ConfirmDialog>
    </>
  );
}
