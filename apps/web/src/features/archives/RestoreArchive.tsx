import type { RunId } from "@quarterdeck/core/ids";
import { ArchiveRestore } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { Button } from "../../ui/Button.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { Checkbox } from "../../ui/Checkbox.tsx";
import { kindOf, type ArchivesOf } from "./archives-of.ts";
import { useRestoreArchive } from "./use-archives.ts";

export interface ArchiveDeedProps {
  readonly of: ArchivesOf;
  readonly archiveId: RunId;
  readonly isBusy: boolean;
}

/** Puts back what is in an archive, after a question: over what is there only where the person says so. */
export function RestoreArchive({ of, archiveId, isBusy }: ArchiveDeedProps) {
  const { t } = useTranslation();
  const [isAsking, setIsAsking] = useState(false);
  const [replaces, setReplaces] = useState(false);
  const restore = useRestoreArchive(of, () => setIsAsking(false));
  const kind = kindOf(of);
  const ask = () => {
    restore.reset();
    setReplaces(false);
    setIsAsking(true);
  };
  return (
    <>
      <Button disabled={isBusy} onClick={ask}>
        <ArchiveRestore aria-hidden />
        {t("archives.restore.restore")}
      </Button>
      <ConfirmDialog
        isOpen={isAsking}
        onOpenChange={setIsAsking}
        title={t(`archives.restore.question.${kind}`)}
        confirmLabel={t("archives.restore.restore")}
        cancelLabel={t("common.cancel")}
        variant={replaces ? "danger" : "primary"}
        isBusy={restore.isPending}
        problem={restore.error && errorText(t, restore.error)}
        onConfirm={() => restore.mutate({ archiveId, replaces })}
      >
        <p>{t(`archives.restore.text.${kind}`)}</p>
        <Checkbox
          label={t(`archives.restore.replaces.${kind}`)}
          hint={t("archives.restore.replacesHint")}
          value={replaces}
          onChange={setReplaces}
          className="mt-3 text-ink"
        />
      </ConfirmDialog>
    </>
  );
}
