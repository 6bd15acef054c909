import { useQuery } from "@tanstack/react-query";
import type { AppRouter } from "@quarterdeck/api/router-type";
import type { inferRouterOutputs } from "@trpc/server";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import { Name } from "../app/Name.tsx";
import { Loaded } from "../app/Loaded.tsx";
import { PageHeader } from "../app/PageHeader.tsx";
import { PageSkeleton } from "../app/PageSkeleton.tsx";
import { AccessForm } from "../features/orgs/AccessForm.tsx";
import { DangerZone } from "../features/orgs/DangerZone.tsx";
import { TransferForm } from "../features/orgs/TransferForm.tsx";
import { RenameOrgForm } from "../features/settings/RenameOrgForm.tsx";
import { Card } from "../ui/Card.tsx";

type OrgView = inferRouterOutputs<AppRouter>["orgs"]["current"];

function mayManage(role: OrgView["role"]): boolean {
  return role === "owner" || role === "admin";
}

export function OrganizationPage() {
  const { t } = useTranslation();
  const query = useQuery(trpc.orgs.current.queryOptions());
  return (
    <Loaded isPage query={query} skeleton={<PageSkeleton />}>
      {({ name, role, deleteAtMs }) => (
        <div className="flex flex-col gap-8">
          <div>
            <PageHeader documentTitle={t("settings.organization.title")} title={t("settings.organization.title")} />
            <Card className="p-4">
              {mayManage(role) ? <RenameOrgForm key={name} orgName={name} /> : <Name>{name}</Name>}
            </Card>
          </div>
          {mayManage(role) && <AccessForm />}
          {role === "owner" ? (
            <>
              <TransferForm />
              <DangerZone orgName={name} isClosing={deleteAtMs !== null} />
            </>
          ) : (
            <p className="text-sm text-muted">{t("orgs.danger.onlyOwner")}</p>
          )}
        </div>
      )}
    </Loaded>
  );
}
