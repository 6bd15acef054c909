import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import { Loaded } from "../app/Loaded.tsx";
import { PageHeader } from "../app/PageHeader.tsx";
import { PageSkeleton } from "../app/PageSkeleton.tsx";
import { AccessForm } from "../features/orgs/AccessForm.tsx";
import { DangerZone } from "../features/orgs/DangerZone.tsx";
import { TransferForm } from "../features/orgs/TransferForm.tsx";
import { RenameOrgForm } from "../features/settings/RenameOrgForm.tsx";
import { Card } from "../ui/Card.tsx";

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
              <RenameOrgForm key={name} orgName={name} />
            </Card>
          </div>
          {(role === "owner" || role === "admin") && <AccessForm />}
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
