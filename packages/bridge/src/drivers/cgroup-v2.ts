import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { LimitedResource } from "@quarterdeck/core/quota/kernel-limits";
import type { RunGroup } from "./driver.ts";
import { parseLimit } from "./group-counters.ts";
import { childNames, readGroupFile, removeEmptyGroup, removeGroup, writeGroupFile } from "./group-files.ts";
import { parentNode, parseNodeName, type GroupNode } from "./group-node.ts";
import type { CpuShare, GroupLimits, Hierarchy, LimitReading } from "./hierarchy.ts";
import { isLimitAsWanted, memoryPageBytes } from "./judge-limit.ts";
import type { UsageFiles } from "./usage-reader.ts";

export const controllers = ["cpu", "memory", "pids", "io"] as const;
const cpuPeriodUsec = 100_000;
/** Less than this of a period the kernel does not take. */
const leastQuotaUsec = 1000;

/** What a weight of one stands for: the largest that the kernel takes is a hundred cores. */
const millicoresOfWeight = 10;
const mostWeight = 10_000;

export function writeCpuWeight(directory: string, millicores: number): void {
  const weight = Math.min(mostWeight, Math.max(1, Math.round(millicores / millicoresOfWeight)));
  writeGroupFile(join(directory, "cpu.weight"), String(weight));
}

export function formatCpuMax(millicores: number | null): string {
  if (millicores === null) return `max ${cpuPeriodUsec}`;
  return `${Math.max(leastQuotaUsec, Math.round((millicores * cpuPeriodUsec) / 1000))} ${cpuPeriodUsec}`;
}

/** Millicores of a `cpu.max`; null: no limit; undefined: not readable. */
export function parseCpuMax(text: string | undefined): number | null | undefined {
  const [quota = "", period = ""] = (text ?? "").trim().split(" ");
  if (quota === "max") return null;
  const millicores = Math.round((Number(quota) * 1000) / Number(period));
  return Number.isFinite(millicores) && quota !== "" ? millicores : undefined;
}

/** Bytes per second of one device's line of an `io.max`: the larger of both ways; null where one has no limit. */
export function parseIoMax(text: string | undefined, device: string): number | null | undefined {
  if (text === undefined) return undefined;
  const line = text.split("\n").find((each) => each.startsWith(`${device} `)) ?? "";
  const ways = ["rbps", "wbps"].map((name) => Number(new RegExp(`\\b${name}=(\\d+)`).exec(line)?.[1] ?? Number.NaN));
  return ways.some(Number.isNaN) ? null : Math.max(...ways);
}

/** The kernel takes no zero: next to nothing is as near to nothing as it comes. */
export function leastIo(bytesPerSecond: number | null): number | null {
  return bytesPerSecond === null ? null : Math.max(1, bytesPerSecond);
}

interface V2Options {
  /** The group that holds all of ours. */
  readonly base: string;
  /** Where what leaves a run's group goes. */
  readonly leave: string;
  /** The disk of the workspaces, as `major:minor`. */
  readonly device: string | null;
  /** The group whose controllers ours can have: that of `base`, unless somebody else makes that one. */
  readonly controllersOf?: string;
}

/** Groups as directories of the one tree of cgroup v2, made below a group that is ours. */
export class CgroupV2 implements Hierarchy {
  readonly limited: readonly LimitedResource[];
  readonly usageFiles: UsageFiles = {
    cpu: "cpu.stat",
    memory: "memory.current",
    tasks: "pids.current",
    oomKills: "memory.events",
    pressure: { cpu: "cpu.pressure", memory: "memory.pressure", io: "io.pressure" },
  };
  protected readonly options: V2Options;

  constructor(options: V2Options) {
    this.options = options;
    if (options.controllersOf === undefined) this.makeGroup(options.base);
    const { controllersOf = options.base } = options;
    const available = (readGroupFile(controllersOf, "cgroup.controllers") ?? "").trim().split(" ");
    const names = { cpu: "cpu", memory: "memory", pids: "tasks", io: "io" } as const;
    this.limited = controllers.flatMap((name) =>
      available.includes(name) && (name !== "io" || options.device !== null) ? [names[name]] : [],
    );
  }

  nodes(): GroupNode[] {
    const found: GroupNode[] = [];
    const look = (directory: string, within: GroupNode | null) => {
      for (const name of childNames(directory)) {
        const node = parseNodeName(name, within);
        if (!node) continue;
        found.push(node);
        look(join(directory, name), node);
      }
    };
    look(this.options.base, null);
    return found;
  }

  directory(node: GroupNode): string {
    const { workspaceId, projectId, runId } = node;
    return join(this.options.base, workspaceId, projectId ?? "", runId ?? "");
  }

  directories(node: GroupNode): readonly string[] {
    return [this.directory(node)];
  }

  ownTasks(_node: GroupNode): number {
    return 0;
  }

  exists(node: GroupNode): boolean {
    return existsSync(this.directory(node));
  }

  async create(node: GroupNode): Promise<void> {
    const parent = parentNode(node);
    if (parent) await this.create(parent);
    const directory = this.directory(node);
    this.makeGroup(directory, { hasGroupsBelow: node.runId === null });
    // A run out of memory ends as a whole, not with one of its processes missing.
    if (node.runId !== null) writeGroupFile(join(directory, "memory.oom.group"), "1");
  }

  protected makeGroup(directory: string, { hasGroupsBelow = true } = {}): void {
    mkdirSync(directory, { recursive: true });
    if (!hasGroupsBelow) return;
    for (const name of controllers) writeGroupFile(join(directory, "cgroup.subtree_control"), `+${name}`);
  }

  cpuShare(node: GroupNode): number | null {
    const weight = Number(readGroupFile(this.directory(node), "cpu.weight") ?? Number.NaN);
    return Number.isNaN(weight) ? null : weight * millicoresOfWeight;
  }

  setCpuShare(node: GroupNode, { total }: CpuShare): void {
    writeCpuWeight(this.directory(node), total);
  }

  async limit(node: GroupNode, limits: GroupLimits): Promise<LimitReading[]> {
    await this.set(node, limits);
    return this.read(node, limits);
  }

  protected set(node: GroupNode, limits: GroupLimits): Promise<void> | void {
    const write = (name: string, text: string) => writeGroupFile(join(this.directory(node), name), text);
    const orMax = (amount: number | null) => (amount === null ? "max" : String(amount));
    write("cpu.max", formatCpuMax(limits.cpu));
    write("memory.high", orMax(limits.memoryHigh));
    write("memory.max", orMax(limits.memoryMax));
    // What does not fit into memory must not take the disk for it.
    write("memory.swap.max", limits.memoryMax === null ? "max" : "0");
    write("pids.max", orMax(limits.tasks));
    if (this.options.device !== null) {
      const amount = orMax(leastIo(limits.ioBytesPerSecond));
      write("io.max", `${this.options.device} rbps=${amount} wbps=${amount}`);
    }
  }

  protected read(node: GroupNode, limits: GroupLimits): LimitReading[] {
    const directory = this.directory(node);
    const { device } = this.options;
    const text = (name: string) => readGroupFile(directory, name);
    const amount = (name: string) => (text(name) === undefined ? undefined : parseLimit(text(name)));
    const reading = (resource: LimitedResource, name: string, wanted: number | null) => ({
      resource,
      wanted,
      source: join(directory, name),
    });
    const cpu = parseCpuMax(text("cpu.max"));
    const memory = amount("memory.max");
    const tasks = amount("pids.max");
    const page = { below: memoryPageBytes };
    const isHighAsWanted = isLimitAsWanted(limits.memoryHigh, amount("memory.high"), page);
    const readings = [
      {
        ...reading("cpu", "cpu.max", limits.cpu),
        actual: cpu,
        isAsWanted: isLimitAsWanted(limits.cpu, cpu, { below: 1 }),
      },
      {
        ...reading("memory", "memory.max", limits.memoryMax),
        actual: memory,
        isAsWanted: isHighAsWanted && isLimitAsWanted(limits.memoryMax, memory, page),
      },
      {
        ...reading("tasks", "pids.max", limits.tasks),
        actual: tasks,
        isAsWanted: isLimitAsWanted(limits.tasks, tasks, { below: 1 }),
      },
    ];
    if (device !== null) {
      const io = parseIoMax(text("io.max"), device);
      readings.push({
        ...reading("io", "io.max", limits.ioBytesPerSecond),
        actual: io,
        isAsWanted: isLimitAsWanted(limits.ioBytesPerSecond, io, { below: 1 }),
      });
    }
    return readings.map((each) => ({ ...each, actual: each.actual ?? null }));
  }

  runGroup(node: GroupNode): RunGroup {
    return {
      enter: [join(this.directory(node), "cgroup.procs")],
      leave: [join(this.options.leave, "cgroup.procs")],
    };
  }

  async remove(node: GroupNode): Promise<void> {
    if (!removeGroup(this.directory(node))) throw new Error(`there are processes in ${this.directory(node)}`);
  }

  removeEmpty(node: GroupNode | null): void {
    removeEmptyGroup(node ? this.directory(node) : this.options.base);
  }
}
