import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { RefreshCw } from "lucide-react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { ProjectView } from "../../api/views.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { Alert } from "../../ui/Alert.tsx";
import { Button } from "../../ui/Button.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { ProgramQuote } from "../content/ProgramQuote.tsx";
import { RunOutput } from "../runs/RunOutput.tsx";
import { WaitingNote } from "../runs/WaitingNote.tsx";
import { May } from "../access/May.tsx";
import { placeOf } from "../access/use-may.ts";

/** A project whose code is on its way to the server, or did not get there. */
export function CloneProgress({ project, isServerOnline }: { project: ProjectView; isServerOnline: boolean }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const task = useQuery({
    ...trpc.tasks.get.queryOptions({ taskId: project.cloneRunTaskId }),
    refetchInterval: project.state === "cloning" ? 2000 : false,
  });
  const retry = useMutation(
    trpc.projects.retryClone.mutationOptions({
      onSuccess: () => queryClient.invalidateQueries(trpc.projects.pathFilter()),
    }),
  );
  return (
    <div className="flex flex-col gap-4">
      {project.state === "cloneFailed" ? (
        <Alert
          tone="bad"
          title={t("projects.clone.failed")}
          action={
            <May permission="projects.manage" place={placeOf(project)}>
              <Button isBusy={retry.isPending} onClick={() => retry.mutate({ projectId: project.projectId })}>
                {!retry.isPending && <RefreshCw aria-hidden />}
                {t("projects.clone.retry")}
              </Button>
            </May>
          }
        >
          <p className="whitespace-pre-wrap">{project.cloneMessage ?? t("projects.clone.noReason")}</p>
          {task.data !== undefined && <ProgramQuote task={task.data} />}
          {retry.error !== null && <p className="mt-1 font-medium text-bad">{errorText(t, retry.error)}</p>}
        </Alert>
      ) : (
        <Alert tone="info" title={t("projects.clone.running")}>
          {t("projects.clone.runningText")}
        </Alert>
      )}
      <Loaded query={task} skeleton={<Skeleton className="h-64" />}>
        {(detail) => (
          <>
            <WaitingNote task={detail} />
            <RunOutput key={detail.taskId} task={detail} isServerOnline={isServerOnline} />
          </>
        )}
      </Loaded>
    </div>
  );
}
