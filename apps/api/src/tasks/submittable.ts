import type { ActionName } from "@quarterdeck/core/actions/catalogue";
import type { Permission } from "../auth/permissions.ts";

/** The actions that a client may submit, and who may. What is not here is made by other procedures or by nobody. */
const submittable: Partial<Record<ActionName, Permission>> = {
  exec: "tasks.run",
  "git.pull": "tasks.run",
  "git.status": "projects.read",
  "git.log": "projects.read",
  "files.list": "projects.read",
  "task.log": "tasks.read",
};

/** The actions that other procedures make, and the permission that those ask for. */
const madeElsewhere: Partial<Record<ActionName, Permission>> = {
  "workspace.create": "workspaces.create",
  "workspace.freeze": "workspaces.freeze",
  "workspace.thaw": "workspaces.freeze",
  "workspace.archive": "workspaces.archive",
  "workspace.restore": "workspaces.archive",
  "workspace.deleteArchive": "workspaces.archive",
  "project.clone": "projects.create",
  "project.archive": "projects.manage",
  "project.restore": "projects.manage",
  "project.deleteArchive": "projects.manage",
};

/** The permission that starting an action needs, however it was submitted; null where nobody may. */
export function permissionToStart(action: ActionName): Permission | null {
  return submittable[action] ?? madeElsewhere[action] ?? null;
}

/** The permission that submitting an action needs, or null where nobody may submit it. */
export function permissionToSubmit(action: ActionName): Permission | null {
  return submittable[action] ?? null;
}
