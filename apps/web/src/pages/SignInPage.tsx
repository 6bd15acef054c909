import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import { useFormErrors } from "../app/use-form-errors.ts";
import { AuthCard } from "../features/account/AuthCard.tsx";
import { Button } from "../ui/Button.tsx";
import { TextField } from "../ui/Field.tsx";
import { Form } from "../ui/Form.tsx";

export function SignInPage() {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const router = useRouter();
  const { next } = useSearch({ from: "/sign-in" });
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useMutation(
    trpc.auth.signIn.mutationOptions({
      onSuccess(me) {
        queryClient.clear();
        queryClient.setQueryData(trpc.auth.state.queryKey(), { needsSetup: false, me });
        router.history.replace(next ?? "/servers");
      },
    }),
  );
  const errors = useFormErrors(signIn.error);
  return (
    <AuthCard title={t("auth.signIn.title")} text={t("auth.signIn.text")}>
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
          autoComplete="username"
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
    </AuthCard>
  );
}
