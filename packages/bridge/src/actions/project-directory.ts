import type { ProjectId } from "@quarterdeck/core/ids";
import type { Refusal } from "@quarterdeck/core/errors/result";
import type { ActionContext, WorkspaceCommand } from "./action-context.ts";
import { isPlainDirectory } from "./plain-directory.ts";

export const missingProject: Refusal = {
  code: "NOT_FOUND",
  message: "The project's files are not on this server. Clone it again.",
};

/** The project's directory, or `undefined` where it is not there. */
export function projectDirectory(command: WorkspaceCommand, { data }: ActionContext): string | undefined {
  // The catalogue says which actions need a project, and verification has refused those without.
  const directory = data.workspace(command.workspaceId).project(command.projectId as ProjectId);
  return isPlainDirectory(directory) ? directory : undefined;
}
