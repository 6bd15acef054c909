import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";

/** Joins with the account that is signed in. */
export function JoinForm({ token, orgName }: { token: string; orgName: string }) {
  const { t } = useTranslation();
  const enter = useEnter();
  const accept = useMutation(trpc.invitations.accept.mutationOptions({ onSuccess: enter }));
  const errors = useFormErrors(accept.error);
  return (
    <Form
      isBusy={accept.isPending}
      onSubmit={() => accept.mutate({ token })}
      problem={errors.general}
      footer={
        <Button type="submit" variant="primary" isBusy={accept.isPending} className="h-9">
          {t("invitations.accept.join", { org: orgName })}
        </Button>
      }
    >
      {null}
    </Form>
  );
}

/** Makes the account that is invited, and joins. */
export function NewAccountForm({ token, email }: { token: string; email: string }) {
  const { t } = useTranslation();
  const enter = useEnter();
  const [password, setPassword] = useState("");
  const accept = useMutation(trpc.invitations.acceptAsNew.mutationOptions({ onSuccess: enter }));
  const errors = useFormErrors(accept.error, { BAD_REQUEST: "password" });
  return (
    <Form
      isBusy={accept.isPending}
      onSubmit={() => accept.mutate({ token, password })}
      problem={errors.general}
      footer={
        <Button type="submit" variant="primary" isBusy={accept.isPending} className="h-9">
          {t("invitations.accept.makeAccount")}
        </Button>
      }
    >
      <TextField label={t("invitations.email")} type="email" readOnly autoComplete="username" dir="ltr" value={email} />
      <TextField
        label={t("invitations.accept.password")}
        type="password"
        required
        autoFocus
        autoComplete="new-password"
        dir="ltr"
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        hint={t("invitations.accept.passwordHint")}
        error={errors.of("password")}
      />
    </Form>
  );
}

/** Whoever has joined goes to the org's servers, with nothing of before. */
function useEnter() {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  return async () => {
    queryClient.clear();
    await navigate({ to: "/servers", replace: true });
  };
}
