import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import type { TaskDetail } from "../api/views.ts";
import { Loaded } from "../app/Loaded.tsx";
import { Name } from "../app/Name.tsx";
import { PageHeader } from "../app/PageHeader.tsx";
import { TextLink } from "../app/TextLink.tsx";
import { CancelRun } from "../features/runs/CancelRun.tsx";
import { RunFacts } from "../features/runs/RunFacts.tsx";
import { RunMessage } from "../features/runs/RunMessage.tsx";
import { RunOutput } from "../features/runs/RunOutput.tsx";
import { RunAgain } from "../features/runs/RunAgain.tsx";
import { RunPriority } from "../features/runs/RunPriority.tsx";
import { RunPredecessors } from "../features/runs/RunPredecessors.tsx";
import { commandOf, useTaskTitle } from "../features/runs/use-task-title.ts";
import { WaitingNote } from "../features/runs/WaitingNote.tsx";
import { ServerNotice } from "../features/servers/ServerNotice.tsx";
import { ArgumentChips } from "../features/programs/ArgumentChips.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";
import { May } from "../features/access/May.tsx";
import { placeOf } from "../features/access/use-may.ts";

const renewWhileWaitingMs = 2000;
const renewWhileRunningMs = 5000;

export function RunPage() {
  const { taskId } = useParams({ from: "/signed-in/runs/$taskId" });
  const query = useQuery({
    ...trpc.tasks.get.queryOptions({ taskId }),
    // Changes are announced; asking besides keeps the reason of waiting fresh.
    refetchInterval: ({ state: { data } }) =>
      data === undefined || data.state === "ended"
        ? false
        : data.startedAtMs === null
          ? renewWhileWaitingMs
          : renewWhileRunningMs,
  });
  return (
    <Loaded isPage query={query} skeleton={<RunSkeleton />}>
      {(task) => <Run key={task.taskId} task={task} />}
    </Loaded>
  );
}

function Run({ task }: { task: TaskDetail }) {
  const { t } = useTranslation();
  const title = useTaskTitle()(task);
  const command = commandOf(task);
  const server = useQuery(trpc.servers.get.queryOptions({ serverId: task.serverId }));
  return (
    <>
      <PageHeader
        documentTitle={title.text}
        trail={[
          <TextLink key="workspace" to="/workspaces/$workspaceId" params={{ workspaceId: task.workspaceId }}>
            <Name>{task.workspaceName}</Name>
          </TextLink>,
          ...(task.projectId === null
            ? []
            : [
                <TextLink key="project" to="/projects/$projectId" params={{ projectId: task.projectId }}>
                  <Name>{task.projectName ?? task.projectId}</Name>
                </TextLink>,
              ]),
          <span key="run">{t("runs.title")}</span>,
        ]}
        title={
          title.isCommand ? (
            <code dir="ltr" className="block truncate text-start font-mono text-base" title={title.text}>
              {title.text}
            </code>
          ) : (
            title.text
          )
        }
        meta={
          <span>
            {t("runs.onServer")}{" "}
            {server.isError ? (
              <Name>{task.serverName}</Name>
            ) : (
              <TextLink to="/servers/$serverId" params={{ serverId: task.serverId }} className="text-ink">
                <Name>{task.serverName}</Name>
              </TextLink>
            )}
          </span>
        }
        actions={
          <>
            <RunAgain task={task} />
            <May permission="tasks.run" place={placeOf(task)}>
              <CancelRun task={task} />
            </May>
          </>
        }
      />
      <div className="flex flex-col gap-4">
        <RunFacts task={task} />
        {command !== null && command.args.length > 0 && <ArgumentChips program={command.program} args={command.args} />}
        {task.state !== "ended" && task.waiting === null && <ServerNotice server={server.data} />}
        {task.rerunOf !== null && (
          <p className="text-sm text-muted">
            {t("runs.outcome.rerunOf")}{" "}
            <TextLink to="/runs/$taskId" params={{ taskId: task.rerunOf }} className="underline">
              {t("runs.outcome.openFirst")}
            </TextLink>
          </p>
        )}
        <RunPredecessors task={task} />
        <WaitingNote task={task} />
        <RunPriority task={task} />
        <RunMessage task={task} />
        <RunOutput task={task} isServerOnline={server.data?.status !== "offline"} />
      </div>
    </>
  );
}

function RunSkeleton() {
  return (
    <div className="flex flex-col gap-4">
      <Skeleton className="h-14 max-w-md" />
      <Skeleton className="h-20" />
      <Skeleton className="h-96" />
    </div>
  );
}
