import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { Button } from "../../ui/Button.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import type { ArchiveDeedProps } from "./RestoreArchive.tsx";
import { useDeleteArchive } from "./use-archives.ts";

/** Has the server remove an archive for good, after a question. */
export function DeleteArchive({ of, archiveId, isBusy }: ArchiveDeedProps) {
  const { t } = useTranslation();
  const [isAsking, setIsAsking] = useState(false);
  const remove = useDeleteArchive(of, () => setIsAsking(false));
  return (
    <>
      <Button disabled={isBusy} onClick={() => setIsAsking(true)}>
        <Trash2 aria-hidden />
        {t("archives.delete.delete")}
      </Button>
      <ConfirmDialog
        isOpen={isAsking}
        onOpenChange={setIsAsking}
        title={t("archives.delete.question")}
        confirmLabel={t("archives.delete.delete")}
        isBusy={remove.isPending}
        problem={remove.error && errorText(t, remove.error)}
        onConfirm={() => remove.mutate({ archiveId })}
      >
        <p>{t("archives.delete.text")}</p>
      </ConfirmDialog>
    </>
  );
}
