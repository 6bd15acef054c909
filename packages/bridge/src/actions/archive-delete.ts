import { actions } from "@quarterdeck/core/actions/catalogue";
import type { ProjectId } from "@quarterdeck/core/ids";
import { succeeded, type OwnAction, type WorkspaceCommand } from "./action-context.ts";
import { listArchives, removeArchive, type ArchiveOwner } from "./archive-file.ts";

/** Removes an archive; one that is gone already is no mistake. The result says which there are then. */
function deleteArchiveOf(ownerOf: (command: WorkspaceCommand) => ArchiveOwner): OwnAction {
  return {
    kind: "own",
    async run(command, { data }) {
      const { archive } = actions["project.deleteArchive"].params.parse(command.params);
      const { archives } = data.workspace(command.workspaceId);
      const ownerId = ownerOf(command);
      removeArchive(archives, { ownerId, runId: archive });
      return { ...succeeded, archives: { made: null, kept: listArchives(archives, ownerId) } };
    },
  };
}

export const deleteProjectArchive = deleteArchiveOf(({ projectId }) => projectId as ProjectId);
export const deleteWorkspaceArchive = deleteArchiveOf(({ workspaceId }) => workspaceId);
