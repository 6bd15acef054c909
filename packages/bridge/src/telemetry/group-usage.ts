import type { ProjectId, RunId, WorkspaceId } from "@quarterdeck/core/ids";

/** What the kernel counted in one group: of a workspace, one of its projects, or one of their runs. */
export interface GroupUsage {
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId | null;
  readonly runId: RunId | null;
  /** Since the group was made, with everything below it. */
  readonly cpuUsec: number;
  readonly memory: number;
  readonly tasks: number;
  /** `some avg10` of PSI, in percent; null where the kernel does not say. */
  readonly pressure: { readonly cpu: number; readonly memory: number; readonly io: number } | null;
  /** Bytes that passed over the network; missing or null where nobody can tell. */
  readonly network?: { readonly received: number; readonly sent: number } | null;
}

/** Where groups are read: here, or by a process that may. */
export type UsageSource = () => readonly GroupUsage[] | Promise<readonly GroupUsage[]>;
