import type { ActionName } from "@quarterdeck/core/actions/catalogue";
import type { TaskDemand } from "@quarterdeck/core/actions/task-demand";
import type { ProjectId, TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { toApiError } from "../../api/api-error.ts";
import { makeTaskId } from "../../api/make-task-id.ts";
import { trpc, trpcClient } from "../../api/trpc.ts";
import type { TaskView } from "../../api/views.ts";

export interface TaskWish {
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId | null;
  readonly action: ActionName;
  readonly params: TaskView["params"];
  /** Tasks of the workspace that must have succeeded before it starts. */
  readonly after?: TaskId[];
  /** What it reserves, where that is not what its action does. */
  readonly demand?: TaskDemand;
  /** Whether it may go on while its server is out of reach; without it, it may. */
  readonly isDetached?: boolean;
}

/**
 * Submits a task and goes to its run. When no answer came, submitting the same again uses the same task id: the platform
 * then knows whether it has it already, and nothing runs twice.
 */
export function useSubmitTask() {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const unanswered = useRef<{ readonly wish: string; readonly taskId: TaskId } | null>(null);
  return useMutation({
    mutationFn: (wish: TaskWish) => {
      const text = JSON.stringify(wish);
      if (unanswered.current?.wish !== text) unanswered.current = { wish: text, taskId: makeTaskId() };
      return trpcClient.tasks.submit.mutate({ taskId: unanswered.current.taskId, ...wish });
    },
    async onSuccess(task) {
      unanswered.current = null;
      queryClient.setQueryData(trpc.tasks.get.queryKey({ taskId: task.taskId }), {
        ...task,
        tail: null,
        quote: null,
        contentKeys: [],
      });
      void queryClient.invalidateQueries(trpc.tasks.list.pathFilter());
      await navigate({ to: "/runs/$taskId", params: { taskId: task.taskId } });
    },
    onError(error) {
      // A refusal is an answer: what is tried next is another task.
      if (toApiError(error).code !== "UNREACHABLE") unanswered.current = null;
    },
  });
}
