import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Boxes } from "lucide-react";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import type { ServerView } from "../api/views.ts";
import { Loaded } from "../app/Loaded.tsx";
import { Name } from "../app/Name.tsx";
import { PageHeader } from "../app/PageHeader.tsx";
import { TextLink } from "../app/TextLink.tsx";
import { TimeSince } from "../app/TimeSince.tsx";
import { TaskHistory } from "../features/runs/TaskHistory.tsx";
import { AdmissionBadge } from "../features/servers/AdmissionBadge.tsx";
import { AdmissionSection } from "../features/servers/AdmissionSection.tsx";
import { AuditNotice } from "../features/servers/AuditNotice.tsx";
import { ConnectionNotice } from "../features/servers/ConnectionNotice.tsx";
import { HostFacts } from "../features/servers/HostFacts.tsx";
import { LabelList } from "../features/servers/LabelList.tsx";
import { LabelsDialog } from "../features/servers/LabelsDialog.tsx";
import { LimitNotice } from "../features/servers/LimitNotice.tsx";
import { PolicySection } from "../features/servers/PolicySection.tsx";
import { RenameServerDialog } from "../features/servers/RenameServerDialog.tsx";
import { RevokeServer } from "../features/servers/RevokeServer.tsx";
import { ServerLimits } from "../features/servers/ServerLimits.tsx";
import { ServerNotice } from "../features/servers/ServerNotice.tsx";
import { ServerStatus } from "../features/servers/ServerStatus.tsx";
import { GivenShares } from "../features/sharing/GivenShares.tsx";
import { ChartSkeletons } from "../features/telemetry/ChartSkeletons.tsx";
import { ServerReadings } from "../features/telemetry/ServerReadings.tsx";
import { TopRuns } from "../features/telemetry/TopRuns.tsx";
import { BridgeSection } from "../features/updates/BridgeSection.tsx";
import { VersionBadge } from "../features/updates/VersionBadge.tsx";
import { NewWorkspaceDialog } from "../features/workspaces/NewWorkspaceDialog.tsx";
import { WorkspaceTable } from "../features/workspaces/WorkspaceTable.tsx";
import { Badge } from "../ui/Badge.tsx";
import { Section } from "../ui/Card.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";
import { May } from "../features/access/May.tsx";

export function ServerPage() {
  const { serverId } = useParams({ from: "/signed-in/servers/$serverId" });
  const query = useQuery(trpc.servers.get.queryOptions({ serverId }));
  return (
    <Loaded isPage query={query} skeleton={<ServerSkeleton />}>
      {(server) => <ServerDetails key={server.serverId} server={server} />}
    </Loaded>
  );
}

function ServerDetails({ server }: { server: ServerView }) {
  const { t } = useTranslation();
  const { serverId } = server;
  const workspaces = useQuery(trpc.workspaces.list.queryOptions());
  return (
    <>
      <PageHeader
        documentTitle={server.name}
        trail={[
          <TextLink key="servers" to="/servers">
            {t("servers.title")}
          </TextLink>,
        ]}
        title={<Name>{server.name}</Name>}
        meta={
          <>
            <ServerStatus server={server} />
            {server.isRelayReachable && !server.isRevoked && server.status !== "new" && (
              <TimeSince atMs={server.statusSinceMs} />
            )}
            <AdmissionBadge server={server} />
            <LabelList labels={server.labels} />
            {server.isThisMachine && <Badge>{t("servers.thisMachine")}</Badge>}
            {!server.isRevoked && <VersionBadge serverId={serverId} />}
            {server.waitingRuns > 0 && (
              <Badge tone="accent">{t("servers.waitingRuns", { count: server.waitingRuns })}</Badge>
            )}
          </>
        }
        actions={
          <>
            <May permission="servers.manage">
              <LabelsDialog server={server} />
              <RenameServerDialog server={server} />
              <RevokeServer server={server} />
            </May>
          </>
        }
      />
      <div className="flex flex-col gap-8">
        <div className="flex flex-col gap-3 empty:hidden">
          <ConnectionNotice server={server} />
          <AuditNotice server={server} />
          <LimitNotice server={server} />
          <ServerNotice server={server} />
        </div>
        <ServerReadings server={server} />
        <TopRuns server={server} workspaces={(workspaces.data ?? []).filter((one) => one.serverId === serverId)} />
        <Section
          title={t("servers.workspaces")}
          action={!server.isRevoked && <NewWorkspaceDialog serverId={serverId} />}
        >
          <Loaded query={workspaces} skeleton={<Skeleton className="h-24" />}>
            {(list) => {
              const here = list.filter((workspace) => workspace.serverId === serverId);
              return here.length === 0 ? (
                <EmptyState icon={Boxes} title={t("servers.noWorkspaces")} />
              ) : (
                <WorkspaceTable workspaces={here} showsServer={false} />
              );
            }}
          </Loaded>
        </Section>
        {!server.isRevoked && <AdmissionSection server={server} />}
        {!server.isRevoked && <GivenShares serverId={serverId} />}
        <Section title={t("servers.recentRuns")}>
          <TaskHistory of={{ serverId }} pageSize={10} showsPlace />
        </Section>
        {!server.isRevoked && <BridgeSection serverId={serverId} isOnline={server.status === "online"} />}
        {server.status !== "new" && !server.isRevoked && (
          <Section title={t("servers.limits.title")}>
            <ServerLimits server={server} />
          </Section>
        )}
        <PolicySection server={server} />
        <Section title={t("servers.facts")}>
          <HostFacts server={server} />
        </Section>
      </div>
    </>
  );
}

function ServerSkeleton() {
  return (
    <div className="flex flex-col gap-4">
      <Skeleton className="h-14 max-w-sm" />
      <ChartSkeletons />
    </div>
  );
}
