import { useTranslation } from "react-i18next";
import type { MadeKey } from "../../api/views.ts";
import { Alert } from "../../ui/Alert.tsx";
import { Button } from "../../ui/Button.tsx";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { Dialog } from "../../ui/Dialog.tsx";

/** A new key, this once: nothing else in the console or the platform knows it. */
export function MadeKeyDialog({ made, onDone }: { made: MadeKey | null; onDone: () => void }) {
  const { t } = useTranslation();
  if (made === null) return null;
  return (
    <Dialog
      isOpen
      onOpenChange={(isOpen) => !isOpen && onDone()}
      title={t("serviceAccounts.made.title", { name: made.account.name })}
    >
      <div className="flex flex-col gap-3">
        <Alert tone="warn" title={t("serviceAccounts.made.once")} />
        <CodeBlock text={made.apiKey} label={t("serviceAccounts.made.label")} />
        <div className="flex flex-wrap justify-between gap-2">
          <CopyButton text={made.apiKey} label={t("serviceAccounts.made.copy")} />
          <Button variant="primary" onClick={onDone}>
            {t("serviceAccounts.made.done")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
