import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import { Loaded } from "../app/Loaded.tsx";
import { PageHeader } from "../app/PageHeader.tsx";
import { PageSkeleton } from "../app/PageSkeleton.tsx";
import { RenameOrgForm } from "../features/settings/RenameOrgForm.tsx";
import { Card } from "../ui/Card.tsx";
import { AskWhom } from "../features/access/AskWhom.tsx";
import { useMay } from "../features/access/use-may.ts";

export function OrganizationPage() {
  const { t } = useTranslation();
  const query = useQuery(trpc.orgs.current.queryOptions());
  const mayRename = useMay("org.manage");
  return (
    <Loaded isPage query={query} skeleton={<PageSkeleton />}>
      {({ name }) => (
        <>
          <PageHeader documentTitle={t("settings.organization.title")} title={t("settings.organization.title")} />
          <Card className="p-4">
            {mayRename ? <RenameOrgForm key={name} orgName={name} /> : <AskWhom permission="org.manage" />}
          </Card>
        </>
      )}
    </Loaded>
  );
}
