import { useTranslation } from "react-i18next";
import { Button } from "../../ui/Button.tsx";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { Dialog } from "../../ui/Dialog.tsx";

interface RecoveryCodesProps {
  /** Null: there is nothing to show. */
  readonly codes: readonly string[] | null;
  readonly onKept: () => void;
}

/** Recovery codes, the one time that they are shown. */
export function RecoveryCodes({ codes, onKept }: RecoveryCodesProps) {
  const { t } = useTranslation();
  const text = codes?.join("\n") ?? "";
  return (
    <Dialog
      isOpen={codes !== null}
      onOpenChange={(isOpen) => !isOpen && onKept()}
      title={t("account.recovery.dialogTitle")}
      description={t("account.recovery.dialogText")}
    >
      <div className="flex flex-col gap-4">
        <CodeBlock text={text} label={t("account.recovery.label")} />
        <div className="flex flex-wrap justify-end gap-2">
          <CopyButton text={text} label={t("account.recovery.copy")} />
          <Button variant="primary" onClick={onKept}>
            {t("account.recovery.kept")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
