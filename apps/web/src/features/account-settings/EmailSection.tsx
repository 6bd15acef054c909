import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { Section } from "../../ui/Card.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { toasts } from "../../ui/toasts.ts";
import { SettingRow } from "./SettingRow.tsx";

export function EmailSection({ email }: { email: string }) {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <Section title={t("account.email.title")}>
      <SettingRow actions={<Button onClick={() => setIsOpen(true)}>{t("account.email.change")}</Button>}>
        <span dir="ltr">{email}</span>
      </SettingRow>
      <Dialog isOpen={isOpen} onOpenChange={setIsOpen} title={t("account.email.change")}>
        <EmailForm onDone={() => setIsOpen(false)} />
      </Dialog>
    </Section>
  );
}

function EmailForm({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const [email, setEmail] = useState("");
  const request = useMutation(
    trpc.account.requestEmailChange.mutationOptions({
      onSuccess() {
        toasts.show(t("account.email.sent", { email }));
        onDone();
      },
    }),
  );
  const errors = useFormErrors(request.error);
  return (
    <Form
      isBusy={request.isPending}
      onSubmit={() => request.mutate({ email })}
      problem={errors.general}
      footer={
        <Button type="submit" variant="primary" isBusy={request.isPending} className="self-end">
          {t("account.email.submit")}
        </Button>
      }
    >
      <TextField
        label={t("account.email.new")}
        type="email"
        required
        autoFocus
        autoComplete="email"
        dir="ltr"
        value={email}
        onChange={(event) => setEmail(event.target.value)}
        hint={t("account.email.hint")}
        error={errors.of("email")}
      />
    </Form>
  );
}
