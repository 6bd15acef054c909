import { useQuery } from "@tanstack/react-query";
import { useLocation } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { trpc, trpcClient } from "../api/trpc.ts";
import { Loaded } from "../app/Loaded.tsx";
import { TextLink } from "../app/TextLink.tsx";
import { AuthCard } from "../features/account/AuthCard.tsx";
import { JoinForm, NewAccountForm } from "../features/invitations/AcceptForm.tsx";
import { Alert } from "../ui/Alert.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";

/** Where the link of an invitation leads. */
export function AcceptInvitationPage() {
  const { t } = useTranslation();
  const hash = useLocation({ select: (location) => location.hash });
  const token = new URLSearchParams(hash).get("token");
  return (
    <AuthCard title={t("invitations.accept.title")} text={t("invitations.accept.text")}>
      {token === null ? (
        <Alert tone="warn" title={t("invitations.accept.noToken")}>
          {t("invitations.accept.noTokenText")}
        </Alert>
      ) : (
        <Offer token={token} />
      )}
    </AuthCard>
  );
}

function Offer({ token }: { token: string }) {
  const { t } = useTranslation();
  const offer = useQuery({
    queryKey: ["invitation", token],
    queryFn: () => trpcClient.invitations.offer.mutate({ token }),
    retry: false,
  });
  const state = useQuery(trpc.auth.state.queryOptions());
  return (
    <Loaded query={offer} skeleton={<Skeleton className="h-40" />}>
      {({ orgName, email, role, invitedBy, hasAccount }) => (
        <Loaded query={state} skeleton={<Skeleton className="h-40" />}>
          {({ account }) => (
            <>
              <p className="mb-4 text-sm break-words">
                {t("invitations.accept.offer", {
                  inviter: invitedBy,
                  org: isolated(orgName),
                  role: t(`invitations.roles.${role}`),
                })}
              </p>
              {account !== null && account.email === email && <JoinForm token={token} orgName={isolated(orgName)} />}
              {account !== null && account.email !== email && (
                <Alert tone="warn">{t("invitations.accept.otherAccount", { email, mine: account.email })}</Alert>
              )}
              {account === null && hasAccount && (
                <Alert
                  tone="info"
                  action={
                    <TextLink to="/sign-in" className="font-medium text-accent">
                      {t("invitations.accept.signIn")}
                    </TextLink>
                  }
                >
                  {t("invitations.accept.signInFirst", { email })}
                </Alert>
              )}
              {account === null && !hasAccount && <NewAccountForm token={token} email={email} />}
            </>
          )}
        </Loaded>
      )}
    </Loaded>
  );
}

/** A name inside of a sentence: its direction turns nothing around it. */
function isolated(name: string): string {
  return `\u2068${name}\u2069`;
}
