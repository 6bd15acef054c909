import type { ProjectId, WorkspaceId } from "@quarterdeck/core/ids";

/** Whose archives: a project's or, where that is null, those of the workspace as a whole. */
export interface ArchivesOf {
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId | null;
}

/** The word for it in texts. */
export function kindOf({ projectId }: ArchivesOf): "project" | "workspace" {
  return projectId === null ? "workspace" : "project";
}
