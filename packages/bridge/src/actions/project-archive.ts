import type { ProjectId } from "@quarterdeck/core/ids";
import { makeOwnFolder } from "../sandbox/own-folder.ts";
import { refused, type ProgramAction, type WorkspaceCommand } from "./action-context.ts";
import { archiveName, type ArchiveIds } from "./archive-file.ts";
import { findArchiveTools, missingTools, packingArguments } from "./archive-tools.ts";
import { keepPacked, unfinishedPath } from "./keep-packed.ts";
import { missingProject, projectDirectory } from "./project-directory.ts";
import { removeTree } from "./remove-tree.ts";
import { runEnvironment } from "./run-environment.ts";
import { makeProjectFolder, readingPlace } from "./sandbox-place.ts";

/** tar packs a project in the sandbox, as the workspace's user. What it made is kept where no run gets at it, with its checksum. */
export const projectArchive: ProgramAction = {
  kind: "program",
  async launch(command, context) {
    const directory = projectDirectory(command, context);
    if (!directory) return { kind: "done", completion: refused(missingProject) };
    const tools = findArchiveTools(context.folders);
    if (!tools) return { kind: "done", completion: refused(missingTools) };
    const workspace = context.data.workspace(command.workspaceId);
    makeOwnFolder(workspace.archives, null);
    const unfinished = workspace.unfinishedArchive(command.runId);
    await removeTree(unfinished, command, context);
    makeProjectFolder(command, context, unfinished);
    const file = unfinishedPath(command, context, archiveName(idsOf(command), tools.format));
    const call = {
      program: tools.tar,
      args: [...packingArguments(tools, file), `--directory=${directory}`, "."],
      directory,
      environment: runEnvironment(command, context),
    };
    const place = readingPlace(command, context, [directory, unfinished]);
    return { kind: "program", call: context.sandbox.wrap(call, place) };
  },
  complete(command, context, end) {
    const packed = { ownerId: idsOf(command).ownerId, what: "The project", projectsIn: () => [] };
    return keepPacked(command, context, { end, packed });
  },
  abandon(command, context) {
    return removeTree(context.data.workspace(command.workspaceId).unfinishedArchive(command.runId), command, context);
  },
};

function idsOf({ projectId, runId }: WorkspaceCommand): ArchiveIds {
  return { ownerId: projectId as ProjectId, runId };
}
