import { useQuery } from "@tanstack/react-query";
import { Server } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import { Loaded } from "../app/Loaded.tsx";
import { PageHeader } from "../app/PageHeader.tsx";
import { ConnectServerDialog } from "../features/servers/ConnectServerDialog.tsx";
import { EnrolmentsDialog } from "../features/servers/EnrolmentsDialog.tsx";
import { LabelFilter } from "../features/servers/LabelFilter.tsx";
import { ServerCard } from "../features/servers/ServerCard.tsx";
import { AcceptShare } from "../features/sharing/AcceptShare.tsx";
import { ReceivedShares } from "../features/sharing/ReceivedShares.tsx";
import { RolloutProgress } from "../features/updates/RolloutProgress.tsx";
import { UpdateAll } from "../features/updates/UpdateAll.tsx";
import { Alert } from "../ui/Alert.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";

export function ServersPage() {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<string | null>(null);
  const query = useQuery(trpc.servers.list.queryOptions());
  return (
    <>
      <PageHeader
        documentTitle={t("servers.title")}
        title={t("servers.title")}
        actions={
          <>
            <UpdateAll />
            <EnrolmentsDialog />
            <AcceptShare />
            <ConnectServerDialog />
          </>
        }
      />
      <RolloutProgress />
      <Loaded query={query} skeleton={<CardSkeletons />}>
        {(servers) => (
          <>
            {servers.some((server) => !server.isRelayReachable) && (
              <Alert tone="warn" title={t("servers.relayDown")} className="mb-4">
                {t("servers.relayDownText")}
              </Alert>
            )}
            <LabelFilter
              labels={[...new Set(servers.flatMap(({ labels }) => labels))].sort()}
              chosen={chosen}
              onChoose={setChosen}
            />
            {chosen !== null && !servers.some(({ labels }) => labels.includes(chosen)) && (
              <p className="text-sm text-muted">{t("serverCare.labels.none")}</p>
            )}
            {servers.length === 0 ? (
              <EmptyState icon={Server} title={t("servers.emptyTitle")}>
                {t("servers.empty")}
              </EmptyState>
            ) : (
              <ul className="grid gap-4 sm:grid-cols-2 xl:grid-cols-3" aria-label={t("servers.title")}>
                {servers
                  .filter(({ labels }) => chosen === null || labels.includes(chosen))
                  .map((server) => (
                    <ServerCard key={server.serverId} server={server} />
                  ))}
              </ul>
            )}
          </>
        )}
      </Loaded>
      <ReceivedShares />
    </>
  );
}

function CardSkeletons() {
  return (
    <div className="grid gap-4 sm:grid-cols-2 xl:grid-cols-3">
      <Skeleton className="h-52" />
      <Skeleton className="h-52" />
    </div>
  );
}
