import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import { Loaded } from "../app/Loaded.tsx";
import { PageHeader } from "../app/PageHeader.tsx";
import { PageSkeleton } from "../app/PageSkeleton.tsx";
import { Invitations } from "../features/invitations/Invitations.tsx";
import { Alert } from "../ui/Alert.tsx";

export function InvitationsPage() {
  const { t } = useTranslation();
  const query = useQuery(trpc.orgs.current.queryOptions());
  return (
    <Loaded isPage query={query} skeleton={<PageSkeleton />}>
      {({ role }) => (
        <>
          <PageHeader documentTitle={t("invitations.title")} title={t("invitations.title")} />
          {role === "owner" || role === "admin" ? (
            <Invitations isOwner={role === "owner"} />
          ) : (
            <Alert tone="info">{t("invitations.notAllowed")}</Alert>
          )}
        </>
      )}
    </Loaded>
  );
}
