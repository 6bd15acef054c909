import type { ActionName } from "@quarterdeck/core/actions/catalogue";
import { secondMs } from "@quarterdeck/core/units";
import { queryOptions, useQuery } from "@tanstack/react-query";
import type * as z from "zod";
import { isRetryable } from "../../api/api-error.ts";
import type { ProjectView, TaskView } from "../../api/views.ts";
import { readTask } from "../../live/read-task.ts";

/** The key of everything that was read from a project's server. */
export function projectReadsKey(projectId: ProjectView["projectId"]): readonly unknown[] {
  return ["read", projectId];
}

export interface ProjectRead<T> {
  readonly action: ActionName;
  readonly params: TaskView["params"];
  readonly answer: z.ZodType<T>;
}

/** Reads something of a project on its server. */
export function useProjectRead<T>(project: ProjectView, { action, params, answer }: ProjectRead<T>) {
  const { projectId, workspaceId, serverId } = project;
  return useQuery(
    queryOptions({
      // A pull or a checkout changes what there is to read.
      queryKey: [...projectReadsKey(projectId), action, params, project.repository?.head?.hash ?? null],
      queryFn: ({ signal }) => readTask({ serverId, workspaceId, projectId, action, params, answer, signal }),
      staleTime: 15 * secondMs,
      retry: (failures, error) => failures < 1 && isRetryable(error) && error.name !== "QuarterdeckError",
    }),
  );
}
