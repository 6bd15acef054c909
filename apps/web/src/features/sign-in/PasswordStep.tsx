import { useMutation } from "@tanstack/react-query";
import type { AppRouter } from "@quarterdeck/api/router-type";
import type { inferRouterOutputs } from "@trpc/server";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";

export type SignInAnswer = inferRouterOutputs<AppRouter>["auth"]["signIn"];

/** The first step of signing in. */
export function PasswordStep({ onAnswer }: { onAnswer: (answer: SignInAnswer) => void }) {
  const { t } = useTranslation();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useMutation(trpc.auth.signIn.mutationOptions({ onSuccess: onAnswer }));
  const errors = useFormErrors(signIn.error);
  return (
    <Form
      isBusy={signIn.isPending}
      onSubmit={() => signIn.mutate({ email, password })}
      problem={errors.general}
      footer={
        <Button type="submit" variant="primary" isBusy={signIn.isPending} className="h-9">
          {t("auth.signIn.submit")}
        </Button>
      }
    >
      <TextField
        label={t("auth.email")}
        type="email"
        required
        autoFocus
        autoComplete="username webauthn"
        dir="ltr"
        value={email}
        onChange={(event) => setEmail(event.target.value)}
        error={errors.of("email")}
      />
      <TextField
        label={t("auth.password")}
        type="password"
        required
        autoComplete="current-password"
        dir="ltr"
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        error={errors.of("password")}
      />
    </Form>
  );
}
