import type { WorkspaceId } from "@quarterdeck/core/ids";
import { useQuery } from "@tanstack/react-query";
import { FolderGit2, GitBranch } from "lucide-react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { ProjectView } from "../../api/views.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { Name } from "../../app/Name.tsx";
import { TextLink } from "../../app/TextLink.tsx";
import { TimeAgo } from "../../app/TimeAgo.tsx";
import { Card } from "../../ui/Card.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { CommitSubject } from "../content/CommitSubject.tsx";
import { NewProjectDialog } from "./NewProjectDialog.tsx";
import { ProjectState } from "./ProjectState.tsx";

export function ProjectList({ workspaceId }: { workspaceId: WorkspaceId }) {
  const { t } = useTranslation();
  const query = useQuery(trpc.projects.list.queryOptions({ workspaceId }));
  return (
    <Loaded query={query} skeleton={<Skeleton className="h-28" />}>
      {(projects) =>
        projects.length === 0 ? (
          <EmptyState
            icon={FolderGit2}
            title={t("projects.emptyTitle")}
            action={<NewProjectDialog workspaceId={workspaceId} />}
          >
            {t("projects.empty")}
          </EmptyState>
        ) : (
          <ul className="grid gap-3 sm:grid-cols-2 xl:grid-cols-3" aria-label={t("projects.title")}>
            {projects.map((project) => (
              <ProjectCard key={project.projectId} project={project} />
            ))}
          </ul>
        )
      }
    </Loaded>
  );
}

function ProjectCard({ project }: { project: ProjectView }) {
  const head = project.repository?.head;
  const branch = project.repository?.branch ?? project.branch;
  return (
    <li className="min-w-0">
      <Card className="relative flex h-full flex-col gap-2 p-4 transition-colors hover:border-line-strong/60">
        <div className="flex items-center justify-between gap-2">
          <TextLink
            to="/projects/$projectId"
            params={{ projectId: project.projectId }}
            className="min-w-0 truncate font-semibold after:absolute after:inset-0 after:rounded-lg"
          >
            <Name>{project.name}</Name>
          </TextLink>
          <ProjectState state={project.state} />
        </div>
        <p dir="ltr" className="truncate text-start text-xs text-muted" title={project.url}>
          {project.url}
        </p>
        {head !== null && head !== undefined && (
          <p className="mt-1 truncate text-sm">
            <CommitSubject project={project} />
          </p>
        )}
        <p className="mt-auto flex flex-wrap items-center gap-x-3 text-xs text-muted">
          {branch !== null && (
            <span className="inline-flex min-w-0 items-center gap-1">
              <GitBranch className="size-3.5" aria-hidden />
              <bdi className="truncate">{branch}</bdi>
            </span>
          )}
          <TimeAgo atMs={head?.committedAtMs ?? project.createdAtMs} />
        </p>
      </Card>
    </li>
  );
}
