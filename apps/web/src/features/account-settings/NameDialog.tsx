import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { PasskeyCancelled } from "../sign-in/passkey-ceremony.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";

interface NameDialogProps {
  readonly isOpen: boolean;
  readonly onOpenChange: (isOpen: boolean) => void;
  readonly title: string;
  readonly first: string;
  readonly submitLabel: string;
  readonly save: (name: string) => Promise<unknown>;
}

/** Asks what a passkey is to be called. */
export function NameDialog({ isOpen, onOpenChange, title, ...form }: NameDialogProps) {
  return (
    <Dialog isOpen={isOpen} onOpenChange={onOpenChange} title={title}>
      <NameForm {...form} onDone={() => onOpenChange(false)} />
    </Dialog>
  );
}

type NameFormProps = Pick<NameDialogProps, "first" | "submitLabel" | "save"> & { readonly onDone: () => void };

function NameForm({ first, submitLabel, save, onDone }: NameFormProps) {
  const { t } = useTranslation();
  const [name, setName] = useState(first);
  const saving = useMutation({ mutationFn: () => save(name), onSuccess: onDone });
  const isCancelled = saving.error instanceof PasskeyCancelled;
  const errors = useFormErrors(isCancelled ? null : saving.error, { INVALID_NAME: "name" });
  return (
    <Form
      isBusy={saving.isPending}
      onSubmit={() => saving.mutate()}
      problem={isCancelled ? t("auth.passkeyCancelled") : errors.general}
      footer={
        <Button type="submit" variant="primary" isBusy={saving.isPending} className="self-end">
          {submitLabel}
        </Button>
      }
    >
      <TextField
        label={t("account.passkeys.name")}
        required
        autoFocus
        dir="auto"
        value={name}
        onChange={(event) => setName(event.target.value)}
        hint={t("account.passkeys.nameHint")}
        error={errors.of("name")}
      />
    </Form>
  );
}
