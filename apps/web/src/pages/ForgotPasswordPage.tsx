import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import { AuthCard } from "../features/account/AuthCard.tsx";
import { AskForLink } from "../features/sign-in/AskForLink.tsx";
import { BackToSignIn } from "../features/sign-in/BackToSignIn.tsx";

export function ForgotPasswordPage() {
  const { t } = useTranslation();
  const request = useMutation(trpc.auth.requestReset.mutationOptions());
  return (
    <AuthCard title={t("auth.forgot.title")} text={t("auth.forgot.text")}>
      <AskForLink submitLabel={t("auth.forgot.submit")} call={request} />
      <BackToSignIn />
    </AuthCard>
  );
}
