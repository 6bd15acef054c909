import type { ProjectId, RunId, WorkspaceId } from "@quarterdeck/core/ids";
import type { LimitEvidence } from "@quarterdeck/core/protocol/limit-evidence";
import type { KernelLimits, LimitedResource } from "@quarterdeck/core/quota/kernel-limits";

/** A workspace's group, or one of its projects'. */
export interface GroupPath {
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId | null;
}

/** Cpu in millicores, memory in bytes. `promisedCpu` it gets however busy the server is; it may have up to `cpu`. Above `memoryHigh` the kernel takes memory back and slows the run down; at `memoryMax` it is stopped. */
export interface RunLimits {
  readonly promisedCpu: number;
  readonly cpu: number;
  readonly memoryHigh: number;
  readonly memoryMax: number;
  readonly tasks: number;
}

/**
 * How a wrapper puts a program into its run's group. It can be written down. A wrapper that writes `0` to each file moves
 * itself: to those of `enter` before it starts the program, which is born there, then back to those of `leave`.
 */
export interface RunGroup {
  readonly enter: readonly string[];
  readonly leave: readonly string[];
}

export interface GroupUsage {
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId | null;
  readonly runId: RunId | null;
  readonly cpuUsec: number;
  readonly memory: number;
  readonly tasks: number;
  readonly oomKills: number;
  /** Share of the last 10 s in which somebody waited for it, in percent; null where the kernel does not say it per group. */
  readonly pressure: { readonly cpu: number; readonly memory: number; readonly io: number } | null;
  /** Bytes that passed over the network; missing or null where nobody can tell. */
  readonly network?: { readonly received: number; readonly sent: number } | null;
}

/** What a run's group counted until it was closed. */
export interface RunGroupEnd {
  readonly oomKills: number;
  readonly cpuUsec: number;
  readonly memoryPeak: number | null;
  readonly tasksRefused: number;
}

/** Gives workspaces, projects and runs their places in the kernel's tree of groups, and their limits. */
export interface Driver {
  readonly name: "systemd" | "cgroup" | "process";
  /** What it limits on this machine. */
  readonly limited: readonly LimitedResource[];
  /** Gives a workspace's or project's group its limits and reads them back. */
  applyLimits(path: GroupPath, limits: KernelLimits): Promise<LimitEvidence[]>;
  openRun(
    runId: RunId,
    path: GroupPath,
    limits: RunLimits,
  ): Promise<{ readonly group: RunGroup | null; readonly evidence: readonly LimitEvidence[] }>;
  /** Kills whatever is left in it, reads what it used, removes it. */
  closeRun(runId: RunId, path: GroupPath): Promise<RunGroupEnd | null>;
  killRun(runId: RunId, path: GroupPath): Promise<void>;
  freeze(path: GroupPath): Promise<void>;
  thaw(path: GroupPath): Promise<void>;
  /** All groups that exist, for telemetry: quick, synchronous reads. */
  usage(): GroupUsage[];
  /** Bytes that a workspace or project takes by the counters of its file system; null where nothing counts. */
  diskUse(path: GroupPath): Promise<number | null>;
  remove(path: GroupPath): Promise<void>;
  /** Removes the groups in which nothing runs; the others stay for whoever comes next. */
  release(): void;
}
