import { lstatSync, renameSync } from "node:fs";
import { actions } from "@quarterdeck/core/actions/catalogue";
import type { ProjectId } from "@quarterdeck/core/ids";
import { gibibyte, mebibyte, minuteMs } from "@quarterdeck/core/units";
import { runCall } from "../drivers/run-call.ts";
import { findProgram } from "../drivers/search-path.ts";
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
import { ownProgram } from "./own-program.ts";
import { isPlainDirectory } from "./plain-directory.ts";
import { removeTree } from "./remove-tree.ts";
import { GitReadFailed, readRepositoryState } from "./repository-state.ts";
import { runEnvironment } from "./run-environment.ts";
import { makeProjectFolder, makeWorkspace, readingPlace } from "./sandbox-place.ts";

const mostUnpackedBytes = 64 * gibibyte;
const mostEntries = 2_000_000;

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
    const file = findArchive(workspace.archives, { projectId, runId: archive });
    if (!file) {
      const message = "There is no such archive of this project on this server.";
      return { kind: "done", completion: refused({ code: "NOT_FOUND", message }) };
    }
    if (!(await isWhole(file))) {
      const message = "The archive is not what was archived: its checksum is another. Nothing was restored.";
      return { kind: "done", completion: refused({ code: "ARCHIVE_REFUSED", message }) };
    }
    makeWorkspace(command, context);
    const unfinished = workspace.unfinishedRestore(command.runId);
    await removeTree(unfinished, command, context);
    makeProjectFolder(command, context, unfinished);
    const call = {
      program: process.execPath,
      args: [
        ...ownProgram("unpack-archive", unpack),
        file,
        unfinished,
        String(mostBytes(command)),
        String(mostEntries),
      ],
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

/** After a crash of the machine, too, there is the whole of it or what was there before. */
async function makeDurable(path: string, command: WorkspaceCommand, context: ActionContext): Promise<void> {
  const sync = findProgram("sync", context.folders);
  if (!sync) throw new Error("sync is not installed on this server (Debian, Ubuntu: apt install coreutils)");
  const call = {
    program: sync,
    args: ["--file-system", path],
    directory: path,
    environment: runEnvironment(command, context),
  };
  const wrapped = context.sandbox.wrap(call, readingPlace(command, context, [path]));
  const { exitCode, errors } = await runCall(wrapped, { timeoutMs: 10 * minuteMs, outputBytes: mebibyte });
  if (exitCode !== 0) throw new Error(`what was unpacked could not be written to the disk: ${errors.slice(0, 300)}`);
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

function mostBytes({ quota }: WorkspaceCommand): number {
  return Math.min(mostUnpackedBytes, quota?.project?.disk ?? Infinity, quota?.workspace.disk ?? Infinity);
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
