import type { ActionName } from "@quarterdeck/core/actions/catalogue";
import type { OwnAction, ProgramAction } from "./action-context.ts";
import { bridgeUpdate } from "./bridge-update.ts";
import { exec } from "./exec.ts";
import { filesList } from "./files-list.ts";
import { gitLog } from "./git-log.ts";
import { gitPull } from "./git-pull.ts";
import { gitStatus } from "./git-status.ts";
import { projectClone } from "./project-clone.ts";
import { taskLog } from "./task-log.ts";
import { workspaceCreate } from "./workspace-create.ts";
import { workspaceLimits } from "./workspace-limits.ts";

/** What each action does here. `task.cancel` is missing: it starts no run, and acts on one. */
export const implementations: Record<Exclude<ActionName, "task.cancel">, OwnAction | ProgramAction> = {
  "workspace.create": workspaceCreate,
  "workspace.limits": workspaceLimits,
  "project.clone": projectClone,
  "git.status": gitStatus,
  "git.log": gitLog,
  "git.pull": gitPull,
  "files.list": filesList,
  exec,
  "task.log": taskLog,
  "bridge.update": bridgeUpdate,
};

export function findImplementation(action: string): OwnAction | ProgramAction | undefined {
  return Object.hasOwn(implementations, action) ? implementations[action as keyof typeof implementations] : undefined;
}
