import { idSchema, type ProjectId, type RunId, type WorkspaceId } from "@quarterdeck/core/ids";
import type { GroupPath } from "./driver.ts";

/** A place in the tree of groups: a workspace, one of its projects, or a run in either. */
export interface GroupNode extends GroupPath {
  readonly runId: RunId | null;
}

const shapes = { workspaceId: idSchema("workspace"), projectId: idSchema("project"), runId: idSchema("run") };

/**
 * The node of these ids, which become names of directories and units.
 *
 * @throws RangeError when one of them is no id: a name could lead anywhere
 */
export function groupNode({ workspaceId, projectId }: GroupPath, runId: RunId | null = null): GroupNode {
  const node = { workspaceId, projectId, runId };
  for (const [name, shape] of Object.entries(shapes)) {
    const value = node[name as keyof GroupNode];
    const isAbsent = value === null && name !== "workspaceId";
    if (!isAbsent && !shape.safeParse(value).success) throw new RangeError(`no ${name}: ${JSON.stringify(value)}`);
  }
  return node;
}

/** The innermost id: what evidence about the node names. */
export function nodeId({ workspaceId, projectId, runId }: GroupNode): WorkspaceId | ProjectId | RunId {
  return runId ?? projectId ?? workspaceId;
}

export function nodeKey({ workspaceId, projectId, runId }: GroupNode): string {
  return `${workspaceId}/${projectId ?? ""}/${runId ?? ""}`;
}

/** The node that its limits lie within; null for a workspace. */
export function parentNode({ workspaceId, projectId, runId }: GroupNode): GroupNode | null {
  if (runId !== null) return { workspaceId, projectId, runId: null };
  return projectId === null ? null : { workspaceId, projectId: null, runId: null };
}

/** The kind of node that a directory of this name is, or `undefined` where it is none of ours. */
export function parseNodeName(name: string, within: GroupNode | null): GroupNode | undefined {
  if (within === null)
    return shapes.workspaceId.safeParse(name).success
      ? { workspaceId: name as WorkspaceId, projectId: null, runId: null }
      : undefined;
  if (within.runId !== null) return undefined;
  if (shapes.runId.safeParse(name).success) return { ...within, runId: name as RunId };
  if (within.projectId === null && shapes.projectId.safeParse(name).success)
    return { ...within, projectId: name as ProjectId };
  return undefined;
}
