import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { GitBranch, GitCommitHorizontal } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import type { ProjectView } from "../api/views.ts";
import { Loaded } from "../app/Loaded.tsx";
import { Name } from "../app/Name.tsx";
import { PageHeader } from "../app/PageHeader.tsx";
import { PageSkeleton } from "../app/PageSkeleton.tsx";
import { TextLink } from "../app/TextLink.tsx";
import { TimeAgo } from "../app/TimeAgo.tsx";
import { ArchiveList } from "../features/archives/ArchiveList.tsx";
import { CommitSubject } from "../features/content/CommitSubject.tsx";
import { CommitList } from "../features/files/CommitList.tsx";
import { FileBrowser } from "../features/files/FileBrowser.tsx";
import { CloneProgress } from "../features/projects/CloneProgress.tsx";
import { NetworkSetting } from "../features/projects/NetworkSetting.tsx";
import { ProjectActions } from "../features/projects/ProjectActions.tsx";
import { PullFailure } from "../features/projects/PullFailure.tsx";
import { ProjectPrograms } from "../features/projects/ProjectPrograms.tsx";
import { ProjectState } from "../features/projects/ProjectState.tsx";
import { TestCommand } from "../features/projects/TestCommand.tsx";
import { TaskHistory } from "../features/runs/TaskHistory.tsx";
import { ServerNotice } from "../features/servers/ServerNotice.tsx";
import { NodeReadings } from "../features/telemetry/NodeReadings.tsx";
import { Badge } from "../ui/Badge.tsx";
import { Tabs } from "../ui/Tabs.tsx";

export function ProjectPage() {
  const { projectId } = useParams({ from: "/signed-in/projects/$projectId" });
  const query = useQuery({
    ...trpc.projects.get.queryOptions({ projectId }),
    refetchInterval: ({ state }) => (state.data?.state === "cloning" ? 2000 : false),
  });
  return (
    <Loaded isPage query={query} skeleton={<PageSkeleton />}>
      {(project) => <ProjectDetails key={project.projectId} project={project} />}
    </Loaded>
  );
}

function ProjectDetails({ project }: { project: ProjectView }) {
  const { t } = useTranslation();
  const [tab, setTab] = useState<"files" | "commits" | "history" | "use" | "archives">("files");
  const server = useQuery(trpc.servers.get.queryOptions({ serverId: project.serverId }));
  const isServerOnline = server.data?.status !== "offline";
  const { workspaceId, projectId } = project;
  const use = server.data && <NodeReadings server={server.data} workspaceId={workspaceId} projectId={projectId} />;
  return (
    <>
      <PageHeader
        documentTitle={project.name}
        trail={[
          <TextLink key="workspaces" to="/workspaces">
            {t("workspaces.title")}
          </TextLink>,
          <TextLink key="workspace" to="/workspaces/$workspaceId" params={{ workspaceId: project.workspaceId }}>
            <Name>{project.workspaceName}</Name>
          </TextLink>,
        ]}
        title={<Name>{project.name}</Name>}
        meta={<Repository project={project} />}
        actions={<ProjectActions project={project} />}
      />
      {project.state === "ready" ? (
        <div className="flex flex-col gap-5">
          <ServerNotice server={server.data} />
          <PullFailure project={project} />
          <div className="flex flex-wrap items-center gap-x-6 gap-y-2">
            <TestCommand project={project} />
            <NetworkSetting project={project} />
            <ProjectPrograms project={project} />
          </div>
          <Tabs
            label={project.name}
            value={tab}
            onChange={setTab}
            tabs={[
              { value: "files", label: t("projects.files.title"), content: <FileBrowser project={project} /> },
              { value: "commits", label: t("projects.commits.title"), content: <CommitList project={project} /> },
              {
                value: "history",
                label: t("runs.history.title"),
                content: <TaskHistory of={{ projectId: project.projectId }} />,
              },
              { value: "use", label: t("telemetry.use"), content: use },
              {
                value: "archives",
                label: t("archives.title"),
                content: <ArchiveList of={{ workspaceId, projectId }} />,
              },
            ]}
          />
        </div>
      ) : (
        <CloneProgress project={project} isServerOnline={isServerOnline} />
      )}
    </>
  );
}

function Repository({ project }: { project: ProjectView }) {
  const { t } = useTranslation();
  const branch = project.repository?.branch ?? project.branch;
  const head = project.repository?.head;
  return (
    <>
      <ProjectState state={project.state} />
      <TextLink to="/quotas/$nodeId" params={{ nodeId: project.projectId }} className="text-accent">
        {t("quotas.open")}
      </TextLink>
      {project.lifecycle !== "active" && <Badge tone="warn">{t(`quotas.lifecycle.${project.lifecycle}`)}</Badge>}
      {branch !== null && (
        <span className="inline-flex items-center gap-1">
          <GitBranch className="size-4" aria-hidden />
          <bdi>{branch}</bdi>
        </span>
      )}
      {head !== null && head !== undefined && (
        <span className="inline-flex min-w-0 items-center gap-1">
          <GitCommitHorizontal className="size-4 shrink-0" aria-hidden />
          <code className="font-mono text-xs text-accent">{head.hash.slice(0, 8)}</code>
          <span className="max-w-md truncate">
            <CommitSubject project={project} />
          </span>
          <span className="text-xs">
            <TimeAgo atMs={head.committedAtMs} />
          </span>
        </span>
      )}
      <bdi dir="ltr" className="max-w-full truncate text-xs">
        {project.url}
      </bdi>
    </>
  );
}
