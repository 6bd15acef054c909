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
import { RemoveButton } from "./RemoveButton.tsx";
import { SettingRow } from "./SettingRow.tsx";
import { useAccountChanged } from "./use-account-changed.ts";

interface PasswordSectionProps {
  readonly hasPassword: boolean;
  /** Something else signs in too. */
  readonly canRemove: boolean;
}

export function PasswordSection({ hasPassword, canRemove }: PasswordSectionProps) {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  const changed = useAccountChanged();
  const remove = useMutation(trpc.account.removePassword.mutationOptions({ onSuccess: changed }));
  const label = hasPassword ? t("account.password.change") : t("account.password.add");
  return (
    <Section title={t("account.password.title")}>
      <SettingRow
        actions={
          <>
            <Button onClick={() => setIsOpen(true)}>{label}</Button>
            {hasPassword && canRemove && (
              <RemoveButton
                label={t("account.password.remove")}
                title={t("account.password.removeTitle")}
                text={t("account.password.removeText")}
                doneText={t("account.password.removed")}
                remove={() => remove.mutateAsync()}
              />
            )}
          </>
        }
      >
        {hasPassword ? t("account.password.set") : t("account.password.none")}
      </SettingRow>
      <Dialog isOpen={isOpen} onOpenChange={setIsOpen} title={label}>
        <PasswordForm hasPassword={hasPassword} onDone={() => setIsOpen(false)} />
      </Dialog>
    </Section>
  );
}

function PasswordForm({ hasPassword, onDone }: { hasPassword: boolean; onDone: () => void }) {
  const { t } = useTranslation();
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const accountChanged = useAccountChanged();
  const change = useMutation(
    trpc.account.changePassword.mutationOptions({
      async onSuccess() {
        toasts.show(t("account.password.changed"));
        onDone();
        await accountChanged();
      },
    }),
  );
  const errors = useFormErrors(change.error, { BAD_REQUEST: "password", WRONG_CREDENTIALS: "current" });
  return (
    <Form
      isBusy={change.isPending}
      onSubmit={() => change.mutate({ current: hasPassword ? current : null, password })}
      problem={errors.general}
      footer={
        <Button type="submit" variant="primary" isBusy={change.isPending} className="self-end">
          {t("common.save")}
        </Button>
      }
    >
      {hasPassword && (
        <TextField
          label={t("account.password.current")}
          type="password"
          required
          autoFocus
          autoComplete="current-password"
          dir="ltr"
          value={current}
          onChange={(event) => setCurrent(event.target.value)}
          error={errors.of("current")}
        />
      )}
      <TextField
        label={t("account.password.new")}
        type="password"
        required
        autoComplete="new-password"
        dir="ltr"
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        hint={t("account.password.hint")}
        error={errors.of("password")}
      />
    </Form>
  );
}
