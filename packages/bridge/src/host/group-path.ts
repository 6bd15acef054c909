import type { WorkspaceCommand } from "../actions/action-context.ts";
import type { GroupPath } from "../drivers/driver.ts";

export function groupPath({ workspaceId, projectId }: WorkspaceCommand): GroupPath {
  return { workspaceId, projectId };
}
