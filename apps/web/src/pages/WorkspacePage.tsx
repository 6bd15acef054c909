import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import { Loaded } from "../app/Loaded.tsx";
import { Name } from "../app/Name.tsx";
import { PageHeader } from "../app/PageHeader.tsx";
import { PageSkeleton } from "../app/PageSkeleton.tsx";
import { TextLink } from "../app/TextLink.tsx";
import { ArchiveList } from "../features/archives/ArchiveList.tsx";
import { RunProgramForm } from "../features/programs/RunProgramForm.tsx";
import { NewProjectDialog } from "../features/projects/NewProjectDialog.tsx";
import { ProjectList } from "../features/projects/ProjectList.tsx";
import { TaskHistory } from "../features/runs/TaskHistory.tsx";
import { ServerNotice } from "../features/servers/ServerNotice.tsx";
import { ServerStatus } from "../features/servers/ServerStatus.tsx";
import { NodeReadings } from "../features/telemetry/NodeReadings.tsx";
import { FreezeControl } from "../features/workspaces/FreezeControl.tsx";
import { MotionBadge } from "../features/workspaces/MotionBadge.tsx";
import { Section } from "../ui/Card.tsx";

export function WorkspacePage() {
  const { t } = useTranslation();
  const { workspaceId } = useParams({ from: "/signed-in/workspaces/$workspaceId" });
  const query = useQuery(trpc.workspaces.get.queryOptions({ workspaceId }));
  const servers = useQuery(trpc.servers.list.queryOptions());
  return (
    <Loaded isPage query={query} skeleton={<PageSkeleton />}>
      {(workspace) => {
        const server = servers.data?.find((candidate) => candidate.serverId === workspace.serverId);
        return (
          <>
            <PageHeader
              documentTitle={workspace.name}
              trail={[
                <TextLink key="workspaces" to="/workspaces">
                  {t("workspaces.title")}
                </TextLink>,
              ]}
              title={<Name>{workspace.name}</Name>}
              actions={<FreezeControl workspace={workspace} />}
              meta={
                <>
                  <span>
                    {t("runs.onServer")}{" "}
                    {servers.data !== undefined && server === undefined ? (
                      <Name>{workspace.serverName}</Name>
                    ) : (
                      <TextLink to="/servers/$serverId" params={{ serverId: workspace.serverId }} className="text-ink">
                        <Name>{workspace.serverName}</Name>
                      </TextLink>
                    )}
                  </span>
                  {server !== undefined && <ServerStatus server={server} />}
                  <MotionBadge motion={workspace.motion} />
                  <TextLink to="/quotas/$nodeId" params={{ nodeId: workspaceId }} className="text-accent">
                    {t("quotas.open")}
                  </TextLink>
                </>
              }
            />
            <div className="flex flex-col gap-8">
              <ServerNotice server={server} />
              <Section
                title={t("projects.title")}
                action={workspace.projectCount > 0 && <NewProjectDialog workspaceId={workspaceId} />}
              >
                <ProjectList workspaceId={workspaceId} />
              </Section>
              {server !== undefined && <NodeReadings server={server} workspaceId={workspaceId} />}
              <Section title={t("archives.title")}>
                <ArchiveList of={{ workspaceId, projectId: null }} />
              </Section>
              <Section title={t("runs.form.title")}>
                <RunProgramForm workspaceId={workspaceId} serverId={workspace.serverId} />
              </Section>
              <Section title={t("runs.history.title")}>
                <TaskHistory of={{ workspaceId }} showsPlace />
              </Section>
            </div>
          </>
        );
      }}
    </Loaded>
  );
}
