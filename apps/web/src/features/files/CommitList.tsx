import { GitCommitHorizontal } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { ProjectView } from "../../api/views.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { TimeAgo } from "../../app/TimeAgo.tsx";
import { Card } from "../../ui/Card.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { commitsSchema } from "./read-answers.ts";
import { useProjectRead } from "./use-project-read.ts";

const shownCommits = 50;

/** The newest commits of the branch that is checked out on the server. */
export function CommitList({ project }: { project: ProjectView }) {
  const { t } = useTranslation();
  const query = useProjectRead(project, { action: "git.log", params: { limit: shownCommits }, answer: commitsSchema });
  return (
    <Loaded query={query} skeleton={<Skeleton className="h-64" />}>
      {({ commits }) =>
        commits.length === 0 ? (
          <EmptyState icon={GitCommitHorizontal} title={t("projects.commits.empty")} />
        ) : (
          <Card>
            <ol aria-label={t("projects.commits.title")} className="divide-y divide-line">
              {commits.map((commit) => (
                <li key={commit.hash} className="flex items-baseline gap-3 px-3 py-2">
                  <code className="shrink-0 font-mono text-xs text-accent">{commit.hash.slice(0, 8)}</code>
                  <div className="min-w-0 flex-1">
                    <bdi className="block break-words">{commit.subject}</bdi>
                    <p className="text-xs text-muted">
                      <bdi>{commit.author}</bdi> · <TimeAgo atMs={commit.committedAtMs} />
                    </p>
                  </div>
                </li>
              ))}
            </ol>
          </Card>
        )
      }
    </Loaded>
  );
}
