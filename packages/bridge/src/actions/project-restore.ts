import { renameSync } from "node:fs";
import { actions } from "@quarterdeck/core/actions/catalogue";
import type { ProjectId } from "@quarterdeck/core/ids";
import { fsyncDirectory } from "../durable-file.ts";
import {
  failed,
  refused,
  type ActionContext,
  type Completion,
  type ProgramAction,
  type WorkspaceCommand,
} from "./action-context.ts";
import { findArchive, isWhole } from "./archive-file.ts";
import { makeDurable } from "./make-durable.ts";
import { ownProgram } from "./own-program.ts";
import { isPlainDirectory, isThere } from "./plain-directory.ts";
import { removeTree } from "./remove-tree.ts";
import { GitReadFailed, readRepositoryState } from "./repository-state.ts";
import { runEnvironment } from "./run-environment.ts";
import { makeProjectFolder, makeWorkspace, readingPlace } from "./sandbox-place.ts";
import { changedArchive, missingArchive, unpackLimits } from "./unpack-limits.ts";

const unpack = `const [file, directory, maxBytes, maxEntries] = process.argv.slice(1);
const unpacked = await unpackArchive(file, directory, { maxBytes: Number(maxBytes), maxEntries: Number(maxEntries) });
for (const line of unpacked.leftOut) console.log(line);
console.log(\`\${unpacked.entries} entries, \${unpacked.bytes} bytes\`);`;

const inTheWay: Completion = refused({
  code: "CONFLICT",
  message: "The project's folder is on this server. Say that it is to be replaced, or restore nothing.",
});

/**
 * Unpacks an archive beside the project, in the sandbox and as the workspace's user; the folder gets its name when it is complete.
 * Until then the project is as it was, whatever happens.
 */
export const projectRestore: ProgramAction = {
  kind: "program",
  async launch(command, context) {
    const { archive, replaces } = actions["project.restore"].params.parse(command.params);
    const workspace = context.data.workspace(command.workspaceId);
    const projectId = command.projectId as ProjectId;
    if (!replaces && isThere(workspace.project(projectId))) return { kind: "done", completion: inTheWay };
    const file = findArchive(workspace.archives, { ownerId: projectId, runId: archive });
    if (!file) return { kind: "done", completion: missingArchive };
    if (!(await isWhole(file))) return { kind: "done", completion: changedArchive };
    makeWorkspace(command, context);
    const unfinished = workspace.unfinishedRestore(command.runId);
    await removeTree(unfinished, command, context);
    makeProjectFolder(command, context, unfinished);
    const { maxBytes, maxEntries } = unpackLimits(command);
    const call = {
      program: process.execPath,
      args: [...ownProgram("unpack-archive", unpack), file, unfinished, String(maxBytes), String(maxEntries)],
      directory: unfinished,
      environment: runEnvironment(command, context),
    };
    return { kind: "program", call: context.sandbox.wrap(call, readingPlace(command, context, [file, unfinished])) };
  },
  async complete(command, context, end) {
    const workspace = context.data.workspace(command.workspaceId);
    const unfinished = workspace.unfinishedRestore(command.runId);
    const { verdict } = end.completion;
    if (verdict !== "succeeded") {
      await removeTree(unfinished, command, context);
      if (verdict !== "failed") return end.completion;
      const message = "The archive could not be unpacked. Nothing was restored, and the project is as it was.";
      return failed("ARCHIVE_REFUSED", message, end.tail);
    }
    const problem = await putInPlace(command, context);
    if (problem) return problem;
    return { ...end.completion, repository: await repositoryOf(command, context) };
  },
  abandon(command, context) {
    return removeTree(context.data.workspace(command.workspaceId).unfinishedRestore(command.runId), command, context);
  },
};

/** Each step can be the last before a crash: called again, it goes on from there. */
async function putInPlace(command: WorkspaceCommand, context: ActionContext): Promise<Completion | null> {
  const { replaces } = actions["project.restore"].params.parse(command.params);
  const workspace = context.data.workspace(command.workspaceId);
  const target = workspace.project(command.projectId as ProjectId);
  const unfinished = workspace.unfinishedRestore(command.runId);
  const replaced = workspace.replacedProject(command.runId);
  if (isPlainDirectory(unfinished)) {
    if (isThere(target) && !replaces) {
      await removeTree(unfinished, command, context);
      return inTheWay;
    }
    await makeDurable(unfinished, command, context);
    if (isThere(target)) renameSync(target, replaced);
    try {
      renameSync(unfinished, target);
    } catch (error) {
      if (isThere(replaced)) renameSync(replaced, target);
      throw error;
    }
    fsyncDirectory(workspace.projects);
  } else if (!isThere(target)) {
    if (isThere(replaced)) renameSync(replaced, target);
    return failed("ARCHIVE_FAILED", "What was unpacked disappeared before it could be put in place.");
  }
  if (isThere(replaced)) await removeTree(replaced, command, context);
  return null;
}

async function repositoryOf(command: WorkspaceCommand, context: ActionContext): Promise<Completion["repository"]> {
  const directory = context.data.workspace(command.workspaceId).project(command.projectId as ProjectId);
  try {
    return await readRepositoryState(command, context, { directory });
  } catch (error) {
    if (error instanceof GitReadFailed) return null; // What was archived was no repository.
    throw error;
  }
}
