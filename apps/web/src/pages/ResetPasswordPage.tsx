import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import { TextLink } from "../app/TextLink.tsx";
import { useFormErrors } from "../app/use-form-errors.ts";
import { AuthCard } from "../features/account/AuthCard.tsx";
import { NoToken } from "../features/sign-in/NoToken.tsx";
import { useLinkToken } from "../features/sign-in/use-link-token.ts";
import { Alert } from "../ui/Alert.tsx";
import { Button } from "../ui/Button.tsx";
import { TextField } from "../ui/Field.tsx";
import { Form } from "../ui/Form.tsx";

export function ResetPasswordPage() {
  const { t } = useTranslation();
  const token = useLinkToken();
  return (
    <AuthCard title={t("auth.reset.title")} text={t("auth.reset.text")}>
      {token === null ? <NoToken /> : <ResetForm token={token} />}
    </AuthCard>
  );
}

function ResetForm({ token }: { token: string }) {
  const { t } = useTranslation();
  const [password, setPassword] = useState("");
  const reset = useMutation(trpc.auth.resetPassword.mutationOptions());
  const errors = useFormErrors(reset.error, { BAD_REQUEST: "password" });
  if (reset.isSuccess) {
    return (
      <Alert tone="info" title={t("auth.reset.done")}>
        <TextLink to="/sign-in" className="font-medium text-accent">
          {t("auth.reset.doneText")}
        </TextLink>
      </Alert>
    );
  }
  return (
    <Form
      isBusy={reset.isPending}
      onSubmit={() => reset.mutate({ token, password })}
      problem={errors.general}
      footer={
        <Button type="submit" variant="primary" isBusy={reset.isPending} className="h-9">
          {t("auth.reset.submit")}
        </Button>
      }
    >
      <TextField
        label={t("auth.reset.newPassword")}
        type="password"
        required
        autoFocus
        autoComplete="new-password"
        dir="ltr"
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        hint={t("auth.setUp.passwordHint")}
        error={errors.of("password")}
      />
    </Form>
  );
}
