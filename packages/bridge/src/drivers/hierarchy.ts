import type { LimitedResource } from "@quarterdeck/core/quota/kernel-limits";
import type { RunGroup } from "./driver.ts";
import type { GroupNode } from "./group-node.ts";
import type { UsageFiles } from "./usage-reader.ts";

/** What a group may take. Null: no limit. Cpu in millicores, memory in bytes. */
export interface GroupLimits {
  readonly cpu: number | null;
  readonly memoryHigh: number | null;
  readonly memoryMax: number | null;
  readonly tasks: number | null;
  /** Of the disk that the workspaces are on, reading and writing each. */
  readonly ioBytesPerSecond: number | null;
}

/** A limit as it was wanted, and as the kernel says after it was set. */
export interface LimitReading {
  readonly resource: LimitedResource;
  readonly wanted: number | null;
  readonly actual: number | null;
  readonly isAsWanted: boolean;
  readonly source: string;
  /** Why the kernel does not hold the node to it, although it says so. */
  readonly caveat?: string;
}

export interface CpuShare {
  readonly total: number;
  readonly ofOwnRuns: number;
}

/** The kernel's tree of groups, in one of its versions. What is done twice is done once. */
export interface Hierarchy {
  readonly limited: readonly LimitedResource[];
  readonly usageFiles: UsageFiles;
  /** How many of the tasks in a group are not the users'. */
  ownTasks(node: GroupNode): number;
  /** All groups of ours that exist. */
  nodes(): GroupNode[];
  /** Where a group's files are: one directory with v2, one in each tree with v1. */
  directories(node: GroupNode): readonly string[];
  exists(node: GroupNode): boolean;
  /** Makes the group, and those that it lies in. */
  create(node: GroupNode): Promise<void>;
  /** Sets the limits and reads back what holds. */
  limit(node: GroupNode, limits: GroupLimits): Promise<LimitReading[]>;
  /** The part of a busy processor that the group gets beside its siblings, in millicores; null where nothing says so. */
  cpuShare(node: GroupNode): number | null;
  /** Sets it: of all runs in the group, and of those that are in no group between. */
  setCpuShare(node: GroupNode, millicores: CpuShare): void;
  runGroup(node: GroupNode): RunGroup;
  /** Removes a group whose processes are gone, and those below it. */
  remove(node: GroupNode): Promise<void>;
  /** Removes a group in which nothing is, or with null the one that holds all of ours. Whatever is in use stays. */
  removeEmpty(node: GroupNode | null): void;
}
