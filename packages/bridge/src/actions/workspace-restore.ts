import { existsSync } from "node:fs";
import { join } from "node:path";
import { actions } from "@quarterdeck/core/actions/catalogue";
import { failed, refused, type Completion, type ProgramAction } from "./action-context.ts";
import { findArchive, isWhole } from "./archive-file.ts";
import { ownProgram } from "./own-program.ts";
import { isThere } from "./plain-directory.ts";
import { putProjectsInPlace } from "./put-projects-in-place.ts";
import { removeTree } from "./remove-tree.ts";
import { runEnvironment } from "./run-environment.ts";
import { makeProjectFolder, makeWorkspace, readingPlace } from "./sandbox-place.ts";
import { changedArchive, missingArchive, unpackLimits } from "./unpack-limits.ts";
import { readWorkspaceArchive, type WorkspacePart } from "./workspace-archive-file.ts";

const unpack = `const [file, parts, limits] = process.argv.slice(1);
const unpacked = await unpackParts(file, JSON.parse(parts), JSON.parse(limits));
for (const line of unpacked.leftOut) console.log(line);
console.log(\`\${unpacked.entries} entries, \${unpacked.bytes} bytes\`);`;

const nothingGone: Completion = refused({
  code: "CONFLICT",
  message:
    "Every project of the archive has its folder on this server. Say that they are to be replaced, or restore nothing.",
});

/**
 * Unpacks the projects of a workspace's archive beside those that are there, in the sandbox and as the workspace's user, and puts them in
 * place when all are complete: those that are gone or, where the task says so, every one.
 */
export const workspaceRestore: ProgramAction = {
  kind: "program",
  async launch(command, context) {
    const { archive, replaces } = actions["workspace.restore"].params.parse(command.params);
    const workspace = context.data.workspace(command.workspaceId);
    const ids = { ownerId: command.workspaceId, runId: archive };
    const file = findArchive(workspace.archives, ids);
    if (!file) return { kind: "done", completion: missingArchive };
    if (!(await isWhole(file))) return { kind: "done", completion: changedArchive };
    const parts = partsOf(file, ids);
    if (parts === null) return { kind: "done", completion: changedArchive };
    const wanted = parts.filter(({ projectId }) => replaces || !isThere(workspace.project(projectId)));
    if (wanted.length === 0) return { kind: "done", completion: nothingGone };
    makeWorkspace(command, context);
    const unfinished = workspace.unfinishedRestore(command.runId);
    await removeTree(unfinished, command, context);
    makeProjectFolder(command, context, unfinished);
    const unpacking = wanted.map(({ projectId, start, end, isZstd, sha256 }) => ({
      directory: join(unfinished, projectId),
      start,
      end,
      isZstd,
      sha256,
    }));
    const call = {
      program: process.execPath,
      args: [
        ...ownProgram("unpack-archive", unpack),
        file,
        JSON.stringify(unpacking),
        JSON.stringify(unpackLimits(command)),
      ],
      directory: unfinished,
      environment: runEnvironment(command, context),
    };
    return { kind: "program", call: context.sandbox.wrap(call, readingPlace(command, context, [file, unfinished])) };
  },
  async complete(command, context, end) {
    const { archive, replaces } = actions["workspace.restore"].params.parse(command.params);
    const workspace = context.data.workspace(command.workspaceId);
    const unfinished = workspace.unfinishedRestore(command.runId);
    const { verdict } = end.completion;
    if (verdict !== "succeeded") {
      await removeTree(unfinished, command, context);
      if (verdict !== "failed") return end.completion;
      const message = "The archive could not be unpacked. Nothing was restored, and every project is as it was.";
      return failed("ARCHIVE_REFUSED", message, end.tail);
    }
    const ids = { ownerId: command.workspaceId, runId: archive };
    const file = findArchive(workspace.archives, ids);
    // Without what was unpacked it has been put in place before, or is lost.
    if (!existsSync(unfinished)) {
      const parts = file === undefined ? null : partsOf(file, ids);
      const isInPlace = parts?.every(({ projectId }) => isThere(workspace.project(projectId))) ?? false;
      if (isInPlace) return end.completion;
      return failed("ARCHIVE_FAILED", "What was unpacked disappeared before it could be put in place.");
    }
    return (await putProjectsInPlace(command, context, { replaces })) ?? end.completion;
  },
  abandon(command, context) {
    return removeTree(context.data.workspace(command.workspaceId).unfinishedRestore(command.runId), command, context);
  },
};

function partsOf(file: string, ids: Parameters<typeof readWorkspaceArchive>[1]): WorkspacePart[] | null {
  try {
    return readWorkspaceArchive(file, ids);
  } catch {
    return null; // It is not what an archive of a workspace looks like.
  }
}
