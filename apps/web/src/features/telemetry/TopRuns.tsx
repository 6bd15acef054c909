import type { RunId, WorkspaceId } from "@quarterdeck/core/ids";
import type { RunUsage } from "@quarterdeck/core/protocol/workspace-readings";
import { coreMillicores } from "@quarterdeck/core/units";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { ServerView, TaskView, WorkspaceView } from "../../api/views.ts";
import { Name } from "../../app/Name.tsx";
import { TextLink } from "../../app/TextLink.tsx";
import { useFormat } from "../../i18n/use-format.ts";
import { Section } from "../../ui/Card.tsx";
import { Cell, Table } from "../../ui/Table.tsx";
import { useTaskTitle } from "../runs/use-task-title.ts";
import { topRunsOf } from "./top-runs.ts";
import { useUsage } from "./use-usage.ts";

interface TopRunsProps {
  readonly server: ServerView;
  /** Those on the server that the user may see. */
  readonly workspaces: readonly WorkspaceView[];
}

/** The runs that use most of a server now, of the workspaces that the user may see. */
export function TopRuns({ server, workspaces }: TopRunsProps) {
  const { t } = useTranslation();
  const { serverId } = server;
  const isWatched = server.status === "online" && server.isRelayReachable && !server.isRevoked;
  const workspaceIds = workspaces.map(({ workspaceId }) => workspaceId);
  const usage = useUsage(serverId, { workspaceIds, isWatched });
  const top = isWatched ? topRunsOf(usage, new Set(workspaceIds)) : [];
  const tasks = useQuery({ ...trpc.tasks.list.queryOptions({ serverId, limit: 50 }), enabled: top.length > 0 });
  if (top.length === 0) return null;
  const taskOf = (runId: RunId) => tasks.data?.tasks.find((task) => task.runId === runId);
  const nameOf = (id: WorkspaceId) => workspaces.find(({ workspaceId }) => workspaceId === id)?.name ?? "";
  const columns = [
    { title: t("telemetry.topRuns.run") },
    { title: t("telemetry.topRuns.where"), isWideOnly: true },
    { title: t("telemetry.topRuns.cpu") },
    { title: t("telemetry.topRuns.memory") },
    { title: t("telemetry.topRuns.tasks"), isWideOnly: true },
  ];
  return (
    <Section title={t("telemetry.topRuns.title")}>
      <Table label={t("telemetry.topRuns.title")} columns={columns}>
        {top.map(({ run, workspaceId }) => (
          <TopRun key={run.runId} run={run} task={taskOf(run.runId)} where={nameOf(workspaceId)} />
        ))}
      </Table>
    </Section>
  );
}

function TopRun({ run, task, where }: { run: RunUsage; task: TaskView | undefined; where: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const title = useTaskTitle();
  const cores = format.number(run.cpu / coreMillicores, { maximumFractionDigits: 2 });
  return (
    <tr>
      <Cell className="w-full max-w-0 min-w-28 truncate">
        {task === undefined ? (
          <code className="font-mono text-xs">{run.runId}</code>
        ) : (
          <TextLink to="/runs/$taskId" params={{ taskId: task.taskId }}>
            <bdi>{title(task).text}</bdi>
          </TextLink>
        )}
      </Cell>
      <Cell isWideOnly className="max-w-40 truncate text-muted">
        <Name>{task?.projectName ?? where}</Name>
      </Cell>
      <Cell className="w-px whitespace-nowrap tabular-nums">{t("telemetry.cores", { number: cores })}</Cell>
      <Cell className="w-px whitespace-nowrap tabular-nums">{format.bytes(run.memory)}</Cell>
      <Cell isWideOnly className="w-px tabular-nums">
        {format.number(run.tasks)}
      </Cell>
    </tr>
  );
}
