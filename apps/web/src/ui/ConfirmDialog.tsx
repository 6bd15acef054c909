import { AlertDialog } from "radix-ui";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./Button.tsx";

export interface ConfirmDialogProps {
  readonly isOpen: boolean;
  readonly onOpenChange: (isOpen: boolean) => void;
  readonly title: string;
  readonly children: ReactNode;
  readonly confirmLabel: string;
  /** What the harmless answer says. */
  readonly cancelLabel?: string;
  /** `danger` for what cannot be taken back. */
  readonly variant?: "danger" | "primary";
  readonly isBusy: boolean;
  /** Why it did not work. */
  readonly problem: string | null;
  readonly onConfirm: () => void;
}

/** Asks before something that matters. The harmless answer has the focus. */
export function ConfirmDialog({
  isOpen,
  onOpenChange,
  title,
  children,
  confirmLabel,
  cancelLabel,
  variant = "danger",
  isBusy,
  problem,
  onConfirm,
}: ConfirmDialogProps) {
  const { t } = useTranslation();
  return (
    <AlertDialog.Root open={isOpen} onOpenChange={onOpenChange}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="fixed inset-0 z-40 animate-fade-in bg-black/45" />
        <div className="pointer-events-none fixed inset-0 z-50 flex items-center justify-center p-4">
          <AlertDialog.Content className="pointer-events-auto w-full max-w-sm animate-appear rounded-xl border border-line bg-surface p-5 shadow-raised outline-none">
            <AlertDialog.Title className="text-base font-semibold wrap-anywhere">{title}</AlertDialog.Title>
            <AlertDialog.Description asChild>
              <div className="mt-1.5 text-sm text-muted">
                {children}
                {problem !== null && (
                  <p role="alert" className="mt-2 text-bad">
                    {problem}
                  </p>
                )}
              </div>
            </AlertDialog.Description>
            <div className="mt-5 flex flex-wrap justify-end gap-2">
              <AlertDialog.Cancel asChild>
                <Button>{cancelLabel ?? t("common.keep")}</Button>
              </AlertDialog.Cancel>
              <Button variant={variant} isBusy={isBusy} onClick={onConfirm}>
                {confirmLabel}
              </Button>
            </div>
          </AlertDialog.Content>
        </div>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
