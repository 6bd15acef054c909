import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { Button } from "../../ui/Button.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { toasts } from "../../ui/toasts.ts";

interface RemoveButtonProps {
  readonly label: string;
  /** What is read out, where the label alone does not say which. */
  readonly name?: string;
  readonly title: string;
  readonly text: string;
  readonly doneText: string;
  readonly remove: () => Promise<unknown>;
}

/** Takes a way to sign in away, after a question. */
export function RemoveButton({ label, name, title, text, doneText, remove }: RemoveButtonProps) {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  const removal = useMutation({
    mutationFn: () => {
      setIsOpen(false); // The platform may ask who it is, in a dialog of its own.
      return remove();
    },
    onSuccess: () => toasts.show(doneText),
    onError: (error) => toasts.show(errorText(t, error)),
  });
  return (
    <>
      <Button variant="danger" aria-label={name} isBusy={removal.isPending} onClick={() => setIsOpen(true)}>
        {label}
      </Button>
      <ConfirmDialog
        isOpen={isOpen}
        onOpenChange={setIsOpen}
        title={title}
        confirmLabel={label}
        isBusy={removal.isPending}
        problem={null}
        onConfirm={() => removal.mutate()}
      >
        {text}
      </ConfirmDialog>
    </>
  );
}
