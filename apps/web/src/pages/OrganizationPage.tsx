import { useQuery } from "@tanstack/react-query";
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
import { AskWhom } from "../features/access/AskWhom.tsx";
import { useMay } from "../features/access/use-may.ts";

export function OrganizationPage() {
  const { t } = useTranslation();
  const query = useQuery(trpc.orgs.current.queryOptions());
  const mayManage = useMay("org.manage");
  const mayOwn = useMay("org.own");
  return (
    <Loaded isPage query={query} skeleton={<PageSkeleton />}>
      {({ name, deleteAtMs }) => (
        <div className="flex flex-col gap-8">
          <div>
            <PageHeader documentTitle={t("settings.organization.title")} title={t("settings.organization.title")} />
            <Card className="p-4">
              {mayManage ? <RenameOrgForm key={name} orgName={name} /> : <Name>{name}</Name>}
              {!mayManage && <AskWhom permission="org.manage" />}
            </Card>
          </div>
          {mayManage && <AccessForm />}
          {mayOwn ? (
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
