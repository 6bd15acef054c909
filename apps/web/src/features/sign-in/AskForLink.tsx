import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Alert } from "../../ui/Alert.tsx";
import { Button } from "../../ui/Button.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";

interface AskForLinkProps {
  readonly submitLabel: string;
  readonly call: {
    readonly mutate: (input: { email: string }) => void;
    readonly isPending: boolean;
    readonly isSuccess: boolean;
    readonly error: unknown;
  };
}

/** An address, to which a link is sent. What it answers is the same for every address. */
export function AskForLink({ submitLabel, call }: AskForLinkProps) {
  const { t } = useTranslation();
  const [email, setEmail] = useState("");
  const errors = useFormErrors(call.error);
  if (call.isSuccess) {
    return (
      <Alert tone="info" title={t("auth.forgot.sent")}>
        {t("auth.forgot.sentText")}
      </Alert>
    );
  }
  return (
    <Form
      isBusy={call.isPending}
      onSubmit={() => call.mutate({ email })}
      problem={errors.general}
      footer={
        <Button type="submit" variant="primary" isBusy={call.isPending} className="h-9">
          {submitLabel}
        </Button>
      }
    >
      <TextField
        label={t("auth.email")}
        type="email"
        required
        autoFocus
        autoComplete="username"
        dir="ltr"
        value={email}
        onChange={(event) => setEmail(event.target.value)}
        error={errors.of("email")}
      />
    </Form>
  );
}
