import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import { TextLink } from "../app/TextLink.tsx";
import { AuthCard } from "../features/account/AuthCard.tsx";
import { CodeStep } from "../features/sign-in/CodeStep.tsx";
import { PasskeyButton } from "../features/sign-in/PasskeyButton.tsx";
import { PasswordStep, type SignInAnswer } from "../features/sign-in/PasswordStep.tsx";
import { useEnter } from "../features/sign-in/use-enter.ts";
import { Button } from "../ui/Button.tsx";

type Pending = Extract<SignInAnswer, { step: "secondFactor" }>;

/** The password, then what else the account asks for; or a passkey, which is all of it. */
export function SignInPage() {
  const { t } = useTranslation();
  const { next } = useSearch({ from: "/sign-in" });
  const enter = useEnter(next);
  const [pending, setPending] = useState<Pending | null>(null);
  const signUp = useQuery(trpc.auth.signUpState.queryOptions());
  if (pending !== null) {
    const { pendingToken, hasTotp, hasPasskey } = pending;
    return (
      <AuthCard title={t("auth.secondStep.title")} text={t("auth.secondStep.text")}>
        <div className="flex flex-col gap-4">
          {hasPasskey && (
            <PasskeyButton label={t("auth.secondStep.passkey")} pendingToken={pendingToken} onSignedIn={enter} />
          )}
          <CodeStep pendingToken={pendingToken} hasTotp={hasTotp} onSignedIn={enter} />
          <Button variant="ghost" onClick={() => setPending(null)}>
            {t("auth.secondStep.back")}
          </Button>
        </div>
      </AuthCard>
    );
  }
  return (
    <AuthCard title={t("auth.signIn.title")} text={t("auth.signIn.text")}>
      <div className="flex flex-col gap-4">
        <PasswordStep onAnswer={(answer) => (answer.step === "done" ? enter(answer) : setPending(answer))} />
        <p className="text-center text-xs text-muted">{t("auth.signIn.or")}</p>
        <PasskeyButton label={t("auth.signIn.withPasskey")} pendingToken={null} onSignedIn={enter} />
        <p className="flex flex-wrap justify-center gap-x-4 gap-y-1 text-sm">
          <TextLink to="/forgot-password" className="text-accent">
            {t("auth.signIn.forgot")}
          </TextLink>
          {signUp.data?.isOpen === true && (
            <TextLink to="/sign-up" className="text-accent">
              {t("auth.signIn.create")}
            </TextLink>
          )}
        </p>
      </div>
    </AuthCard>
  );
}
