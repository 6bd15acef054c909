import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./Button.tsx";

export interface SaveFooterProps {
  readonly onCancel: () => void;
  readonly isBusy: boolean;
  readonly disabled?: boolean;
  /** What is done, where that is more than saving. */
  readonly children?: ReactNode;
}

/** The end of a form in a dialog: leave it as it is, or change it. */
export function SaveFooter({ onCancel, isBusy, disabled = false, children }: SaveFooterProps) {
  const { t } = useTranslation();
  return (
    <div className="flex justify-end gap-2">
      <Button onClick={onCancel}>{t("common.cancel")}</Button>
      <Button type="submit" variant="primary" isBusy={isBusy} disabled={disabled}>
        {children ?? t("common.save")}
      </Button>
    </div>
  );
}
