import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import { Loaded } from "../app/Loaded.tsx";
import { useFormErrors } from "../app/use-form-errors.ts";
import { AuthCard } from "../features/account/AuthCard.tsx";
import { AskForLink } from "../features/sign-in/AskForLink.tsx";
import { BackToSignIn } from "../features/sign-in/BackToSignIn.tsx";
import { useEnter } from "../features/sign-in/use-enter.ts";
import { useLinkToken } from "../features/sign-in/use-link-token.ts";
import { Alert } from "../ui/Alert.tsx";
import { Button } from "../ui/Button.tsx";
import { TextField } from "../ui/Field.tsx";
import { Form } from "../ui/Form.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";

/** An account and an organization for whoever can open a link at an address, where the operator lets everybody. */
export function SignUpPage() {
  const { t } = useTranslation();
  const token = useLinkToken();
  const state = useQuery(trpc.auth.signUpState.queryOptions());
  const request = useMutation(trpc.auth.requestSignUp.mutationOptions());
  return (
    <AuthCard title={t("auth.signUp.title")} text={t("auth.signUp.text")}>
      <Loaded query={state} skeleton={<Skeleton className="h-40" />}>
        {({ isOpen }) => {
          if (!isOpen)
            return (
              <Alert tone="info" title={t("auth.signUp.closed")}>
                {t("auth.signUp.closedText")}
              </Alert>
            );
          if (token === null) return <AskForLink submitLabel={t("auth.signUp.submit")} call={request} />;
          return <SignUpForm token={token} />;
        }}
      </Loaded>
      <BackToSignIn />
    </AuthCard>
  );
}

function SignUpForm({ token }: { token: string }) {
  const { t } = useTranslation();
  const [password, setPassword] = useState("");
  const [orgName, setOrgName] = useState("");
  const signUp = useMutation(trpc.auth.signUp.mutationOptions({ onSuccess: useEnter() }));
  const errors = useFormErrors(signUp.error, { INVALID_NAME: "orgName", BAD_REQUEST: "password" });
  return (
    <Form
      isBusy={signUp.isPending}
      onSubmit={() => signUp.mutate({ token, password, orgName })}
      problem={errors.general}
      footer={
        <Button type="submit" variant="primary" isBusy={signUp.isPending} className="h-9">
          {t("auth.setUp.submit")}
        </Button>
      }
    >
      <TextField
        label={t("auth.password")}
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
      <TextField
        label={t("auth.setUp.orgName")}
        required
        autoComplete="organization"
        dir="auto"
        value={orgName}
        onChange={(event) => setOrgName(event.target.value)}
        hint={t("auth.setUp.orgHint")}
        error={errors.of("orgName")}
      />
    </Form>
  );
}
