import type { ActionContext, WorkspaceCommand } from "./action-context.ts";

/** The environment of a run, made from nothing: the bridge's own never reaches it. */
export function runEnvironment(command: WorkspaceCommand, context: ActionContext): Record<string, string> {
  const workspace = context.data.workspace(command.workspaceId);
  return {
    PATH: context.folders.join(":"),
    HOME: workspace.home,
    TMPDIR: workspace.scratch,
    LANG: "C.UTF-8",
    TERM: "dumb",
    QUARTERDECK_RUN_ID: command.runId,
    QUARTERDECK_TASK_ID: command.taskId,
    QUARTERDECK_WORKSPACE_ID: command.workspaceId,
    ...(command.projectId === null ? {} : { QUARTERDECK_PROJECT_ID: command.projectId }),
  };
}
