import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { GroupUsage } from "./driver.ts";
import { counter, parseLimit } from "./group-counters.ts";
import { isGone } from "./group-files.ts";
import { nodeKey, type GroupNode } from "./group-node.ts";

/** The files that say what a group uses. */
export interface UsageFiles {
  readonly cpu: string;
  readonly memory: string;
  readonly tasks: string;
  readonly oomKills: string;
  readonly pressure: { readonly cpu: string; readonly memory: string; readonly io: string } | null;
}

interface WatchedGroup {
  readonly node: GroupNode;
  readonly directories: readonly string[];
  readonly descriptors: Map<string, number | null>;
  last: GroupUsage | undefined;
}

/** In how many samples each group in which nothing runs is read once. */
const idleTurns = 10;

/**
 * Reads what all groups use. It is called each second for a hundred groups and more, so its files stay open, and groups
 * without a run, where nothing but the page cache changes, take turns.
 */
export class UsageReader {
  readonly #files: UsageFiles;
  readonly #groups = new Map<string, WatchedGroup>();
  readonly #buffer = Buffer.allocUnsafe(4096);
  #turn = 0;

  readonly #ownTasks: (node: GroupNode) => number;

  /** @param ownTasks how many of a group's tasks are not the users' */
  constructor(files: UsageFiles, ownTasks: (node: GroupNode) => number) {
    this.#files = files;
    this.#ownTasks = ownTasks;
  }

  add(node: GroupNode, directories: readonly string[]): void {
    const key = nodeKey(node);
    if (!this.#groups.has(key)) this.#groups.set(key, { node, directories, descriptors: new Map(), last: undefined });
  }

  remove(node: GroupNode): void {
    const group = this.#groups.get(nodeKey(node));
    this.#groups.delete(nodeKey(node));
    for (const descriptor of group?.descriptors.values() ?? []) if (descriptor !== null) closeSync(descriptor);
  }

  /** The nodes that it reads. */
  nodes(): GroupNode[] {
    return [...this.#groups.values()].map(({ node }) => node);
  }

  read(): GroupUsage[] {
    const busy = new Set<string>();
    for (const { node } of this.#groups.values()) {
      if (node.runId === null) continue;
      busy.add(node.workspaceId);
      if (node.projectId !== null) busy.add(node.projectId);
    }
    this.#turn = (this.#turn + 1) % idleTurns;
    const all: GroupUsage[] = [];
    let index = 0;
    for (const group of this.#groups.values()) {
      const { node, last } = group;
      const isBusy = node.runId !== null || busy.has(node.projectId ?? node.workspaceId) || (last?.tasks ?? 1) > 0;
      const isDue = index++ % idleTurns === this.#turn;
      const usage = last && !isBusy && !isDue ? last : this.#readGroup(group);
      group.last = usage;
      if (usage) all.push(usage);
      else this.remove(node); // Somebody else removed it; its files are of no use when it is made again.
    }
    return all;
  }

  /** `undefined` when the group was removed meanwhile. */
  #readGroup(group: WatchedGroup): GroupUsage | undefined {
    const files = this.#files;
    const cpu = this.#readFile(group, files.cpu);
    if (cpu === undefined) return undefined;
    const isNanoseconds = files.cpu === "cpuacct.usage";
    const { pressure } = files;
    return {
      ...group.node,
      cpuUsec: isNanoseconds ? Math.round(Number.parseInt(cpu, 10) / 1000) : (counter(cpu, "usage_usec") ?? 0),
      memory: parseLimit(this.#readFile(group, files.memory)) ?? 0,
      tasks: Math.max(0, (parseLimit(this.#readFile(group, files.tasks)) ?? 0) - this.#ownTasks(group.node)),
      oomKills: counter(this.#readFile(group, files.oomKills), "oom_kill") ?? 0,
      pressure: pressure && this.#readPressure(group, pressure),
    };
  }

  /** The kernel reckons it anew every two seconds only. */
  #readPressure(group: WatchedGroup, files: NonNullable<UsageFiles["pressure"]>): NonNullable<GroupUsage["pressure"]> {
    if (group.last?.pressure && this.#turn % 2 === 1) return group.last.pressure;
    return {
      cpu: someWaited(this.#readFile(group, files.cpu)),
      memory: someWaited(this.#readFile(group, files.memory)),
      io: someWaited(this.#readFile(group, files.io)),
    };
  }

  #readFile(group: WatchedGroup, name: string): string | undefined {
    let descriptor = group.descriptors.get(name);
    if (descriptor === undefined) {
      descriptor = openFirst(group.directories, name);
      group.descriptors.set(name, descriptor);
    }
    if (descriptor === null) return undefined;
    try {
      return this.#buffer.toString("latin1", 0, readSync(descriptor, this.#buffer, 0, this.#buffer.length, 0));
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }
}

/** Null where the group has no such file. */
function openFirst(directories: readonly string[], name: string): number | null {
  for (const directory of directories) {
    try {
      return openSync(join(directory, name), "r");
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return null;
}

/** `some avg10=1.25 …`: the share of the last 10 s in which at least one process waited, in percent. */
function someWaited(text: string | undefined): number {
  const share = Number.parseFloat(text?.slice("some avg10=".length) ?? "");
  return Number.isNaN(share) ? 0 : share;
}
