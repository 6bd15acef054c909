import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { queryClient } from "../api/query-client.ts";
import { errorText } from "../api/error-text.ts";
import { trpc } from "../api/trpc.ts";
import { TextLink } from "../app/TextLink.tsx";
import { AuthCard } from "../features/account/AuthCard.tsx";
import { NoToken } from "../features/sign-in/NoToken.tsx";
import { useLinkToken } from "../features/sign-in/use-link-token.ts";
import { Alert } from "../ui/Alert.tsx";
import { Button } from "../ui/Button.tsx";

/** Confirms or undoes a change of address. A button does it: programs that look at mails open links too. */
export function EmailLinkPage() {
  const { t } = useTranslation();
  const token = useLinkToken();
  const open = useMutation(trpc.auth.openEmailLink.mutationOptions({ onSuccess: () => queryClient.clear() }));
  return (
    <AuthCard title={t("auth.emailLink.title")} text={t("auth.emailLink.text")}>
      {token === null ? (
        <NoToken />
      ) : open.data === undefined ? (
        <div className="flex flex-col gap-4">
          <Button variant="primary" className="h-9" isBusy={open.isPending} onClick={() => open.mutate({ token })}>
            {t("auth.emailLink.submit")}
          </Button>
          {open.error !== null && <Alert tone="bad">{errorText(t, open.error)}</Alert>}
        </div>
      ) : (
        <Alert tone="info" title={t("auth.emailLink.done", { email: open.data.email })}>
          <TextLink to="/sign-in" className="font-medium text-accent">
            {t("auth.setUp.toSignIn")}
          </TextLink>
        </Alert>
      )}
    </AuthCard>
  );
}
