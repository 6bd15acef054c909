import { renameSync } from "node:fs";
import { join } from "node:path";
import type { ProjectId } from "@quarterdeck/core/ids";
import type { WorkspaceDirectory } from "../data-directory.ts";
import { fsyncDirectory } from "../durable-file.ts";
import { refused, type ActionContext, type Completion, type WorkspaceCommand } from "./action-context.ts";
import { makeDurable } from "./make-durable.ts";
import { isThere } from "./plain-directory.ts";
import { projectFolders } from "./project-folders.ts";
import { removeTree } from "./remove-tree.ts";
import { makeProjectFolder } from "./sandbox-place.ts";

interface Folders {
  readonly workspace: WorkspaceDirectory;
  /** What was unpacked, a folder for each project. */
  readonly unfinished: string;
  /** Where the directories go that are replaced. It is there from before the first is moved until all have been. */
  readonly replaced: string;
}

/**
 * Gives restored projects their names: all of them, or none. Each step can be the last before a crash: called again, it goes on from
 * there, forward. What was unpacked is the last to go.
 *
 * @returns why nothing was put in place, or null
 */
export async function putProjectsInPlace(
  command: WorkspaceCommand,
  context: ActionContext,
  { replaces }: { readonly replaces: boolean },
): Promise<Completion | null> {
  const workspace = context.data.workspace(command.workspaceId);
  const unfinished = workspace.unfinishedRestore(command.runId);
  const replaced = workspace.replacedProject(command.runId);
  const folders = { workspace, unfinished, replaced };
  const restored = projectFolders(unfinished);
  const hasBegun = isThere(replaced);
  if (!hasBegun) {
    const taken = replaces ? undefined : restored.find((projectId) => isThere(workspace.project(projectId)));
    if (taken !== undefined) {
      await removeTree(unfinished, command, context);
      const message = `The folder of ${taken} came into its place meanwhile, so nothing was restored. Try again.`;
      return refused({ code: "CONFLICT", message });
    }
    await makeDurable(unfinished, command, context);
    makeProjectFolder(command, context, replaced);
    fsyncDirectory(workspace.projects);
  }
  try {
    for (const projectId of restored) if (replaces || !isThere(workspace.project(projectId))) place(folders, projectId);
    fsyncDirectory(workspace.projects);
  } catch (error) {
    takeBack(folders, restored);
    await removeTree(unfinished, command, context);
    await removeTree(replaced, command, context);
    throw error;
  }
  await removeTree(replaced, command, context);
  await removeTree(unfinished, command, context);
  return null;
}

function place({ workspace, unfinished, replaced }: Folders, projectId: ProjectId): void {
  const target = workspace.project(projectId);
  if (isThere(target)) renameSync(target, join(replaced, projectId));
  renameSync(join(unfinished, projectId), target);
}

/** As it was: what was put in place goes, and what had been there comes back. */
function takeBack({ workspace, unfinished, replaced }: Folders, restored: readonly ProjectId[]): void {
  const moved = projectFolders(replaced);
  for (const projectId of new Set([...restored, ...moved])) {
    const target = workspace.project(projectId);
    const isPlaced = isThere(target) && !isThere(join(unfinished, projectId));
    if (isPlaced) renameSync(target, join(unfinished, projectId));
    if (moved.includes(projectId)) renameSync(join(replaced, projectId), target);
  }
}
