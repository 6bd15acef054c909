import type { ProjectId, RunId, TaskId } from "@quarterdeck/core/ids";
import type { StoredRepository } from "../../projects/views.ts";
import type { RunEnding } from "./run-transition.ts";

/** What the end of a run changes in its project. */
export interface ProjectChange {
  readonly projectId: ProjectId;
  /** Only while the project still waits for this clone. */
  readonly clone: {
    readonly taskId: TaskId;
    readonly state: "ready" | "cloneFailed";
    readonly message: string | null;
  } | null;
  /** What the bridge saw in it. */
  readonly repository: StoredRepository | null;
}

interface EndedRun {
  readonly runId: RunId;
  readonly taskId: TaskId;
  readonly projectId: ProjectId | null;
  readonly action: string;
}

export function projectChange(run: EndedRun, { verdict, message, repository }: RunEnding): ProjectChange | null {
  const { projectId, runId, taskId } = run;
  const isClone = run.action === "project.clone";
  if (projectId === null || (!isClone && repository === null)) return null;
  const isReady = verdict === "succeeded";
  const clone = isReady
    ? ({ taskId, state: "ready", message: null } as const)
    : ({ taskId, state: "cloneFailed", message: message ?? `Cloning ended as ${verdict}.` } as const);
  return { projectId, clone: isClone ? clone : null, repository: repository && { ...repository, runId } };
}
