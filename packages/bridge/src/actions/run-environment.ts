import type { ActionContext, WorkspaceCommand } from "./action-context.ts";

/**
 * Packages that are installed run no programs of theirs: npm, pnpm and yarn are told so, and a repository's own settings come after
 * these. What a project's own scripts do when they are called by name is another matter.
 */
const withoutInstallScripts = {
  npm_config_ignore_scripts: "true",
  YARN_IGNORE_SCRIPTS: "true",
  YARN_ENABLE_SCRIPTS: "false",
};

/** The environment of a run, made from nothing: the bridge's own never reaches it. */
export function runEnvironment(command: WorkspaceCommand, context: ActionContext): Record<string, string> {
  const workspace = context.data.workspace(command.workspaceId);
  return {
    PATH: context.folders.join(":"),
    HOME: workspace.home,
    TMPDIR: workspace.scratch,
    LANG: "C.UTF-8",
    TERM: "dumb",
    ...withoutInstallScripts,
    QUARTERDECK_RUN_ID: command.runId,
    QUARTERDECK_TASK_ID: command.taskId,
    QUARTERDECK_WORKSPACE_ID: command.workspaceId,
    ...(command.projectId === null ? {} : { QUARTERDECK_PROJECT_ID: command.projectId }),
  };
}
