import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { LimitedResource } from "@quarterdeck/core/quota/kernel-limits";
import {
  groupDirectory,
  v1Controllers,
  type CgroupMounts,
  type OwnGroups,
  type V1Controller,
} from "./cgroup-mounts.ts";
import type { RunGroup } from "./driver.ts";
import { parseLimit } from "./group-counters.ts";
import {
  childNames,
  readGroupFile,
  removeEmptyGroup,
  removeGroup,
  withDescendants,
  writeGroupFile,
} from "./group-files.ts";
import { parseNodeName, type GroupNode } from "./group-node.ts";
import type { CpuShare, GroupLimits, Hierarchy, LimitReading } from "./hierarchy.ts";
import { isLimitAsWanted, memoryPageBytes } from "./judge-limit.ts";
import type { UsageFiles } from "./usage-reader.ts";
import { v1ThrottleCaveat, V1Throttle } from "./v1-throttle.ts";

/** A tree for each controller, and the same groups in each. */
export type V1Trees = Readonly<Partial<Record<V1Controller, { readonly base: string; readonly leave: string }>>>;

/**
 * Makes the groups that hold all of ours, one in each tree that is mounted.
 *
 * @throws when one of them cannot be made
 */
export function openV1Trees({ v1 }: CgroupMounts, own: OwnGroups, name: string): V1Trees {
  return Object.fromEntries(
    Object.entries(v1).map(([controller, mount]) => {
      const base = join(mount.path, name);
      mkdirSync(base, { recursive: true });
      return [controller, { base, leave: groupDirectory(mount, own.v1[controller as V1Controller] ?? "/") }];
    }),
  );
}

const resources = { cpu: "cpu", memory: "memory", pids: "tasks" } as const;
const defaultPeriodUsec = 100_000;
const leastQuotaUsec = 1000;
/** What the kernel gives a group beside which nobody asked for more or less: one core. */
const sharesOfCore = 1024;
const leastShares = 2;

/** Millicores that a group of the cpu tree may take; null: no limit; undefined: not readable. */
function readCpu(directory: string): number | null | undefined {
  const quota = readGroupFile(directory, "cpu.cfs_quota_us");
  if (quota === undefined) return undefined;
  const amount = parseLimit(quota);
  const period = Number(readGroupFile(directory, "cpu.cfs_period_us"));
  return amount === null ? null : Math.round((amount * 1000) / period);
}

function writeCpu(directory: string, millicores: number | null): void {
  const period = Number(readGroupFile(directory, "cpu.cfs_period_us") ?? defaultPeriodUsec);
  const quota = millicores === null ? -1 : Math.max(leastQuotaUsec, Math.round((millicores * period) / 1000));
  writeGroupFile(join(directory, "cpu.cfs_quota_us"), String(quota));
}

/** Groups as directories in the trees of cgroup v1. */
export class CgroupV1 implements Hierarchy {
  readonly limited: readonly LimitedResource[];
  readonly usageFiles: UsageFiles = {
    cpu: "cpuacct.usage",
    memory: "memory.usage_in_bytes",
    tasks: "pids.current",
    oomKills: "memory.oom_control",
    pressure: null,
  };
  readonly #trees: V1Trees;
  readonly #throttle: V1Throttle | null;
  /** What was wanted of groups of the cpu tree, which takes no more than the groups around them have. */
  readonly #wantedCpu = new Map<string, number | null>();

  constructor(trees: V1Trees, device: string | null) {
    this.#trees = trees;
    this.limited = Object.entries(resources).flatMap(([controller, resource]) =>
      trees[controller as V1Controller] ? [resource] : [],
    );
    const blkio = trees.blkio?.base;
    this.#throttle = blkio === undefined || device === null ? null : new V1Throttle(blkio, device);
  }

  nodes(): GroupNode[] {
    const found = new Map<string, GroupNode>();
    const look = (directory: string, path: string, within: GroupNode | null) => {
      for (const name of childNames(directory)) {
        const node = parseNodeName(name, within);
        if (!node) continue;
        found.set(join(path, name), node);
        look(join(directory, name), join(path, name), node);
      }
    };
    // A crash may have come between the trees.
    for (const { base } of Object.values(this.#trees)) look(base, "", null);
    return [...found.values()];
  }

  directories(node: GroupNode): readonly string[] {
    return v1Controllers.flatMap((controller) => this.#directory(controller, node) ?? []);
  }

  ownTasks(_node: GroupNode): number {
    return 0;
  }

  cpuShare(node: GroupNode): number | null {
    const directory = this.#directory("cpu", node);
    const shares = directory === undefined ? undefined : readGroupFile(directory, "cpu.shares");
    return shares === undefined ? null : Math.round((Number(shares) * 1000) / sharesOfCore);
  }

  setCpuShare(node: GroupNode, { total }: CpuShare): void {
    const directory = this.#directory("cpu", node);
    const shares = Math.max(leastShares, Math.round((total * sharesOfCore) / 1000));
    if (directory !== undefined) writeGroupFile(join(directory, "cpu.shares"), String(shares));
  }

  exists(node: GroupNode): boolean {
    return this.directories(node).some((directory) => existsSync(directory));
  }

  async create(node: GroupNode): Promise<void> {
    for (const directory of this.directories(node)) mkdirSync(directory, { recursive: true });
  }

  async limit(node: GroupNode, limits: GroupLimits): Promise<LimitReading[]> {
    return [
      ...this.#limitCpu(node, limits),
      ...this.#limitMemory(node, limits),
      ...this.#limitTasks(node, limits),
      ...this.#limitIo(node, limits),
    ];
  }

  /** The wrapper's first thread alone is moved: it starts the program, and to move all of a process takes the kernel ten times as long. */
  runGroup(node: GroupNode): RunGroup {
    return {
      enter: this.directories(node).map((directory) => join(directory, "tasks")),
      leave: v1Controllers.flatMap((controller) => {
        const tree = this.#trees[controller];
        return tree ? [join(tree.leave, "tasks")] : [];
      }),
    };
  }

  async remove(node: GroupNode): Promise<void> {
    for (const directory of this.directories(node)) {
      for (const each of this.#wantedCpu.keys())
        if (each === directory || each.startsWith(`${directory}/`)) this.#wantedCpu.delete(each);
      this.#throttle?.forget(directory);
      if (!removeGroup(directory)) throw new Error(`there are processes in ${directory}`);
    }
  }

  removeEmpty(node: GroupNode | null): void {
    const directories = node ? this.directories(node) : Object.values(this.#trees).map(({ base }) => base);
    for (const directory of directories) removeEmptyGroup(directory);
  }

  #directory(controller: V1Controller, { workspaceId, projectId, runId }: GroupNode): string | undefined {
    const tree = this.#trees[controller];
    return tree && join(tree.base, workspaceId, projectId ?? "", runId ?? "");
  }

  #limitCpu(node: GroupNode, { cpu: wanted }: GroupLimits): LimitReading[] {
    const directory = this.#directory("cpu", node);
    if (directory === undefined) return [];
    this.#wantedCpu.set(directory, wanted);
    const ceiling = this.#cpuAround(directory);
    const amount = wanted === null ? null : Math.min(wanted, ceiling ?? wanted);
    // The kernel takes no limit that is lower than one inside it, and none that is higher than the one around it.
    const below = withDescendants(directory).slice(0, -1);
    for (const each of below) {
      const current = readCpu(each);
      if (amount !== null && typeof current === "number" && current > amount) writeCpu(each, amount);
    }
    writeCpu(directory, amount);
    for (const each of below.toReversed()) {
      const own = this.#wantedCpu.get(each);
      if (typeof own === "number") writeCpu(each, Math.min(own, this.#cpuAround(each) ?? own));
    }
    const actual = readCpu(directory);
    const source = join(directory, "cpu.cfs_quota_us");
    const isAsWanted = isLimitAsWanted(wanted, actual, { below: 1, ceiling });
    return [{ resource: "cpu", wanted, actual: actual ?? null, isAsWanted, source }];
  }

  /** The limit of the nearest group around one that has a limit. */
  #cpuAround(directory: string): number | null {
    const outermost = dirname(this.#trees.cpu?.base ?? directory);
    for (let around = dirname(directory); around.startsWith(`${outermost}/`); around = dirname(around)) {
      const limit = readCpu(around);
      if (typeof limit === "number") return limit;
    }
    return null;
  }

  #limitMemory(node: GroupNode, { memoryMax: wanted, memoryHigh }: GroupLimits): LimitReading[] {
    const directory = this.#directory("memory", node);
    if (directory === undefined) return [];
    const read = (name: string) => {
      const text = readGroupFile(directory, name);
      return text === undefined ? undefined : parseLimit(text);
    };
    const write = (name: string, amount: number | null) => writeGroupFile(join(directory, name), String(amount ?? -1));
    // The limit with swap is never lower than the one without: the one that grows is written first.
    const order = ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"];
    const before = read("memory.limit_in_bytes") ?? Number.POSITIVE_INFINITY;
    for (const name of (wanted ?? Number.POSITIVE_INFINITY) > before ? order.toReversed() : order) write(name, wanted);
    write("memory.soft_limit_in_bytes", memoryHigh);
    const actual = read("memory.limit_in_bytes");
    const page = { below: memoryPageBytes };
    const swap = read("memory.memsw.limit_in_bytes");
    const isAsWanted =
      isLimitAsWanted(wanted, actual, page) &&
      isLimitAsWanted(memoryHigh, read("memory.soft_limit_in_bytes"), page) &&
      (swap === undefined || isLimitAsWanted(wanted, swap, page));
    const source = join(directory, "memory.limit_in_bytes");
    return [{ resource: "memory", wanted, actual: actual ?? null, isAsWanted, source }];
  }

  #limitTasks(node: GroupNode, { tasks: wanted }: GroupLimits): LimitReading[] {
    const directory = this.#directory("pids", node);
    if (directory === undefined) return [];
    writeGroupFile(join(directory, "pids.max"), wanted === null ? "max" : String(wanted));
    const text = readGroupFile(directory, "pids.max");
    const actual = text === undefined ? undefined : parseLimit(text);
    const isAsWanted = isLimitAsWanted(wanted, actual, { below: 1 });
    return [{ resource: "tasks", wanted, actual: actual ?? null, isAsWanted, source: join(directory, "pids.max") }];
  }

  #limitIo(node: GroupNode, { ioBytesPerSecond: wanted }: GroupLimits): LimitReading[] {
    const directory = this.#directory("blkio", node);
    if (directory === undefined || this.#throttle === null) return [];
    const { holds, ...found } = this.#throttle.limit(directory, wanted);
    const reading = { resource: "io", wanted: node.runId === null ? wanted : holds, ...found } as const;
    return [node.runId === null && wanted !== null ? { ...reading, caveat: v1ThrottleCaveat } : reading];
  }
}
