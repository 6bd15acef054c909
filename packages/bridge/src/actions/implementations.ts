import type { ActionName } from "@quarterdeck/core/actions/catalogue";
import type { OwnAction, ProgramAction } from "./action-context.ts";
import { deleteProjectArchive, deleteWorkspaceArchive } from "./archive-delete.ts";
import { exec } from "./exec.ts";
import { filesList } from "./files-list.ts";
import { gitLog } from "./git-log.ts";
import { gitPull } from "./git-pull.ts";
import { gitStatus } from "./git-status.ts";
import { projectArchive } from "./project-archive.ts";
import { projectClone } from "./project-clone.ts";
import { projectRestore } from "./project-restore.ts";
import { taskLog } from "./task-log.ts";
import { workspaceArchive } from "./workspace-archive.ts";
import { workspaceCreate } from "./workspace-create.ts";
import { workspaceFreeze, workspaceThaw } from "./workspace-freeze.ts";
import { workspaceLimits } from "./workspace-limits.ts";
import { workspaceRestore } from "./workspace-restore.ts";

/**
 * What each action does to users' files. `task.cancel` is missing: it starts no run, and acts on one; so is `bridge.update`, which
 * the daemon does to itself.
 */
export const implementations: Record<
  Exclude<ActionName, "task.cancel" | "bridge.update">,
  OwnAction | ProgramAction
> = {
  "workspace.create": workspaceCreate,
  "workspace.limits": workspaceLimits,
  "workspace.freeze": workspaceFreeze,
  "workspace.thaw": workspaceThaw,
  "workspace.archive": workspaceArchive,
  "workspace.restore": workspaceRestore,
  "workspace.deleteArchive": deleteWorkspaceArchive,
  "project.clone": projectClone,
  "project.archive": projectArchive,
  "project.restore": projectRestore,
  "project.deleteArchive": deleteProjectArchive,
  "git.status": gitStatus,
  "git.log": gitLog,
  "git.pull": gitPull,
  "files.list": filesList,
  exec,
  "task.log": taskLog,
};

export function findImplementation(action: string): OwnAction | ProgramAction | undefined {
  return Object.hasOwn(implementations, action) ? implementations[action as keyof typeof implementations] : undefined;
}
