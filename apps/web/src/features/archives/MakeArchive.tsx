import { Archive } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { Button } from "../../ui/Button.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { kindOf, type ArchivesOf } from "./archives-of.ts";
import { useMakeArchive } from "./use-archives.ts";

export interface MakeArchiveProps {
  readonly of: ArchivesOf;
  readonly keeps: number;
  readonly isBusy: boolean;
}

/** Archives a project or a workspace, after a question. */
export function MakeArchive({ of, keeps, isBusy }: MakeArchiveProps) {
  const { t } = useTranslation();
  const [isAsking, setIsAsking] = useState(false);
  const make = useMakeArchive(of, () => setIsAsking(false));
  return (
    <>
      <Button disabled={isBusy} onClick={() => setIsAsking(true)}>
        <Archive aria-hidden />
        {t("archives.make")}
      </Button>
      <ConfirmDialog
        isOpen={isAsking}
        onOpenChange={setIsAsking}
        title={t(`archives.question.${kindOf(of)}`)}
        confirmLabel={t("archives.make")}
        cancelLabel={t("common.cancel")}
        variant="primary"
        isBusy={make.isPending}
        problem={make.error && errorText(t, make.error)}
        onConfirm={() => make.mutate(undefined)}
      >
        <p>{t(`archives.text.${kindOf(of)}`)}</p>
        <p className="mt-2">{t("archives.oldestGoes", { count: keeps })}</p>
      </ConfirmDialog>
    </>
  );
}
