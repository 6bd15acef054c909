import { mostArchivedProjects } from "@quarterdeck/core/protocol/archive-report";
import { makeOwnFolder } from "../sandbox/own-folder.ts";
import { refused, type ProgramAction } from "./action-context.ts";
import { archiveName } from "./archive-file.ts";
import { findArchiveTools, missingTools, packingArguments } from "./archive-tools.ts";
import { keepPacked, unfinishedPath } from "./keep-packed.ts";
import { ownProgram } from "./own-program.ts";
import type { Packing } from "./pack-workspace.ts";
import { projectFolders } from "./project-folders.ts";
import { removeTree } from "./remove-tree.ts";
import { runEnvironment } from "./run-environment.ts";
import { makeProjectFolder, readingPlace } from "./sandbox-place.ts";
import { readWorkspaceArchive } from "./workspace-archive-file.ts";

const pack = `const [file, ids, packing] = process.argv.slice(1);
await packWorkspace(file, JSON.parse(ids), JSON.parse(packing));`;

/** Packs every project of a workspace into one file, in the sandbox and as the workspace's user: all of them, or nothing is kept. */
export const workspaceArchive: ProgramAction = {
  kind: "program",
  async launch(command, context) {
    const projectIds = projectFolders(context.data.workspace(command.workspaceId).projects);
    if (projectIds.length === 0) {
      const message = "No project of the workspace has files on this server, so there is nothing to archive.";
      return { kind: "done", completion: refused({ code: "NOT_FOUND", message }) };
    }
    if (projectIds.length > mostArchivedProjects) {
      const message = `The workspace has more than ${mostArchivedProjects} projects, too many for one archive. Archive each project.`;
      return { kind: "done", completion: refused({ code: "TOO_LARGE", message }) };
    }
    const tools = findArchiveTools(context.folders);
    if (!tools) return { kind: "done", completion: refused(missingTools) };
    const { workspaceId, runId } = command;
    const workspace = context.data.workspace(workspaceId);
    makeOwnFolder(workspace.archives, null);
    const unfinished = workspace.unfinishedArchive(runId);
    await removeTree(unfinished, command, context);
    makeProjectFolder(command, context, unfinished);
    const packing: Packing = {
      command: [tools.tar, ...packingArguments(tools, "-")],
      folder: workspace.projects,
      extension: tools.format.extension,
      projectIds,
    };
    const file = unfinishedPath(command, context, archiveName({ ownerId: workspaceId, runId }, "ofWorkspace"));
    const call = {
      program: process.execPath,
      args: [
        ...ownProgram("pack-workspace", pack),
        file,
        JSON.stringify({ workspaceId, runId }),
        JSON.stringify(packing),
      ],
      directory: unfinished,
      environment: runEnvironment(command, context),
    };
    const directories = projectIds.map((projectId) => workspace.project(projectId));
    const place = readingPlace(command, context, [...directories, unfinished]);
    return { kind: "program", call: context.sandbox.wrap(call, place) };
  },
  complete(command, context, end) {
    const { workspaceId, runId } = command;
    const projectsIn = (path: string) =>
      readWorkspaceArchive(path, { ownerId: workspaceId, runId }).map(({ projectId, sizeBytes, sha256 }) => ({
        projectId,
        sizeBytes,
        sha256,
      }));
    return keepPacked(command, context, { end, packed: { ownerId: workspaceId, what: "The workspace", projectsIn } });
  },
  abandon(command, context) {
    return removeTree(context.data.workspace(command.workspaceId).unfinishedArchive(command.runId), command, context);
  },
};
