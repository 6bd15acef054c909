import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useLocation, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import { Loaded } from "../app/Loaded.tsx";
import { TextLink } from "../app/TextLink.tsx";
import { useFormErrors } from "../app/use-form-errors.ts";
import { AuthCard } from "../features/account/AuthCard.tsx";
import { Alert } from "../ui/Alert.tsx";
import { Button } from "../ui/Button.tsx";
import { TextField } from "../ui/Field.tsx";
import { Form } from "../ui/Form.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";

/** The first account and its organization, made with the one-time link that the platform printed. */
export function SetUpPage() {
  const { t } = useTranslation();
  const { token: searchToken } = useSearch({ from: "/set-up" });
  const hash = useLocation({ select: (location) => location.hash });
  // The printed link has it behind the #, which browsers send to nobody.
  const token = new URLSearchParams(hash).get("token") ?? searchToken;
  const state = useQuery(trpc.auth.state.queryOptions());
  return (
    <AuthCard title={t("auth.setUp.title")} text={t("auth.setUp.text")}>
      <Loaded query={state} skeleton={<Skeleton className="h-56" />}>
        {({ needsSetup }) => {
          if (!needsSetup) {
            return (
              <Alert tone="info" title={t("auth.setUp.done")}>
                <TextLink to="/sign-in" className="font-medium text-accent">
                  {t("auth.setUp.toSignIn")}
                </TextLink>
              </Alert>
            );
          }
          if (token === undefined)
            return (
              <Alert tone="warn" title={t("auth.setUp.noToken")}>
                {t("auth.setUp.noTokenText")}
              </Alert>
            );
          return <SetUpForm token={token} />;
        }}
      </Loaded>
    </AuthCard>
  );
}

function SetUpForm({ token }: { token: string }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [orgName, setOrgName] = useState("");
  const setUp = useMutation(
    trpc.auth.setUp.mutationOptions({
      async onSuccess(signedIn) {
        queryClient.setQueryData(trpc.auth.state.queryKey(), { needsSetup: false, ...signedIn });
        await navigate({ to: "/servers", replace: true });
      },
    }),
  );
  const errors = useFormErrors(setUp.error, { INVALID_NAME: "orgName", BAD_REQUEST: "password" });
  return (
    <Form
      isBusy={setUp.isPending}
      onSubmit={() => setUp.mutate({ setupToken: token, email, password, orgName })}
      problem={errors.general ?? errors.of("setupToken")}
      footer={
        <Button type="submit" variant="primary" isBusy={setUp.isPending} className="h-9">
          {t("auth.setUp.submit")}
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
