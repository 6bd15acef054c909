import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { RunId } from "@quarterdeck/core/ids";
import type { LimitEvidence } from "@quarterdeck/core/protocol/limit-evidence";
import type { KernelLimits, LimitedResource } from "@quarterdeck/core/quota/kernel-limits";
import { CpuShares } from "./cpu-shares.ts";
import type { Driver, GroupPath, GroupUsage, RunGroupEnd, RunLimits } from "./driver.ts";
import { isFrozen, isFrozenFromAbove, freezerOf, setFrozen } from "./freezer.ts";
import { readCounters } from "./group-counters.ts";
import { groupNode, nodeKey, parentNode, type GroupNode } from "./group-node.ts";
import type { Hierarchy, LimitReading } from "./hierarchy.ts";
import { killGroup, processesOf } from "./kill-group.ts";
import { admitRun, applyOtherLimits, countedUse, limitEvidence, type NodeLimiter } from "./node-limiter.ts";
import { UsageReader } from "./usage-reader.ts";

interface GroupDriverOptions {
  readonly name: Driver["name"];
  readonly hierarchy: Hierarchy;
  /** Limits of disk and bandwidth, which groups do not have. */
  readonly limiters: readonly NodeLimiter[];
  readonly nowMs: () => number;
}

/** A driver on the kernel's groups. What it finds from before, after a crash say, it takes over as it is. */
export class GroupDriver implements Driver {
  readonly name: Driver["name"];
  readonly limited: readonly LimitedResource[];
  readonly #options: GroupDriverOptions;
  readonly #usage: UsageReader;
  readonly #shares: CpuShares;
  /** What is under way in each workspace, one after the other. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(options: GroupDriverOptions) {
    this.name = options.name;
    this.#options = options;
    this.limited = [
      ...options.hierarchy.limited,
      ...options.limiters.flatMap(({ resource, isEnforced }) => (isEnforced ? [resource] : [])),
    ];
    this.#usage = new UsageReader(options.hierarchy.usageFiles, (node) => options.hierarchy.ownTasks(node));
    for (const node of options.hierarchy.nodes()) this.#watch(node);
    this.#shares = new CpuShares(options.hierarchy);
  }

  /** Ends and removes the groups of runs that nobody knows any more. The others are as they were left. */
  async forgetUnknown(isKnown: (runId: RunId) => boolean): Promise<void> {
    for (const { runId, ...path } of this.#usage.nodes())
      if (runId !== null && !isKnown(runId)) await this.closeRun(runId, path);
  }

  applyLimits(path: GroupPath, limits: KernelLimits): Promise<LimitEvidence[]> {
    const node = groupNode(path);
    return this.#inTurn(node, async () => {
      const evidence = await this.#limit(node, {
        cpu: limits.cpu,
        memoryHigh: null,
        memoryMax: limits.memory,
        tasks: limits.tasks,
        ioBytesPerSecond: limits.io ?? null,
      });
      this.#shares.renew(node);
      const { limiters, nowMs } = this.#options;
      const limited = evidence.map(({ resource }) => resource);
      evidence.push(...(await applyOtherLimits(node, { limits, limiters, limited }, nowMs)));
      return evidence;
    });
  }

  openRun(runId: RunId, path: GroupPath, limits: RunLimits) {
    const node = groupNode(path, runId);
    return this.#inTurn(node, async () => {
      const { hierarchy } = this.#options;
      if (this.#isFrozen(node))
        throw new QuarterdeckError(
          "NOT_READY",
          "The workspace or project is frozen. Thaw it, then start the run again.",
        );
      await admitRun(node, this.#options.limiters);
      // Counters of an earlier attempt say nothing about this one.
      if (hierarchy.exists(node) && processesOf(hierarchy.directories(node)).length === 0) await this.#remove(node);
      const evidence = await this.#limit(node, { ...limits, ioBytesPerSecond: null });
      this.#shares.opened(node, limits.promisedCpu);
      return { group: hierarchy.runGroup(node), evidence };
    });
  }

  async closeRun(runId: RunId, path: GroupPath): Promise<RunGroupEnd | null> {
    const node = groupNode(path, runId);
    const { hierarchy } = this.#options;
    if (!hierarchy.exists(node)) return null;
    const directories = hierarchy.directories(node);
    await killGroup(directories);
    const counters = readCounters(directories);
    await this.#inTurn(node, () => this.#remove(node));
    if (!counters) return null;
    const { oomKills, cpuUsec, memoryPeak, tasksRefused } = counters;
    return { oomKills, cpuUsec, memoryPeak, tasksRefused };
  }

  async killRun(runId: RunId, path: GroupPath): Promise<void> {
    await killGroup(this.#options.hierarchy.directories(groupNode(path, runId)));
  }

  freeze(path: GroupPath): Promise<void> {
    const node = groupNode(path);
    return this.#inTurn(node, async () => {
      await this.#create(node);
      await setFrozen(this.#options.hierarchy.directories(node), true);
    });
  }

  thaw(path: GroupPath): Promise<void> {
    const node = groupNode(path);
    return this.#inTurn(node, async () => {
      const { hierarchy } = this.#options;
      if (hierarchy.exists(node)) await setFrozen(hierarchy.directories(node), false);
    });
  }

  usage(): GroupUsage[] {
    return this.#usage.read();
  }

  diskUse(path: GroupPath): Promise<number | null> {
    return countedUse(groupNode(path), this.#options.limiters);
  }

  remove(path: GroupPath): Promise<void> {
    const node = groupNode(path);
    return this.#inTurn(node, async () => {
      const { hierarchy } = this.#options;
      if (!hierarchy.exists(node)) return;
      await killGroup(hierarchy.directories(node));
      await this.#remove(node);
    });
  }

  release(): void {
    const { hierarchy } = this.#options;
    const depth = ({ projectId, runId }: GroupNode) => (runId ? 2 : projectId ? 1 : 0);
    for (const node of hierarchy.nodes().toSorted((a, b) => depth(b) - depth(a))) hierarchy.removeEmpty(node);
    hierarchy.removeEmpty(null);
  }

  async #create(node: GroupNode): Promise<void> {
    await this.#options.hierarchy.create(node);
    this.#watch(node);
  }

  #watch(node: GroupNode): void {
    const parent = parentNode(node);
    if (parent) this.#watch(parent);
    this.#usage.add(node, this.#options.hierarchy.directories(node));
  }

  async #remove(node: GroupNode): Promise<void> {
    const prefix = nodeKey(node).replace(/(?<!\/)\/+$/, "");
    for (const each of this.#usage.nodes()) if (`${nodeKey(each)}/`.startsWith(`${prefix}/`)) this.#usage.remove(each);
    await this.#options.hierarchy.remove(node);
    this.#shares.closed(node);
  }

  async #limit(node: GroupNode, limits: Parameters<Hierarchy["limit"]>[1]): Promise<LimitEvidence[]> {
    await this.#create(node);
    const readings = await this.#options.hierarchy.limit(node, limits);
    return readings
      .filter(({ resource, caveat }) => caveat !== undefined || this.#options.hierarchy.limited.includes(resource))
      .filter(({ resource, wanted, actual }) => resource !== "io" || wanted !== null || actual !== null)
      .map((reading) => limitEvidence(node, judge(reading), this.#options.nowMs()));
  }

  #isFrozen(node: GroupNode): boolean {
    const { hierarchy } = this.#options;
    for (let each = parentNode(node); each; each = parentNode(each)) {
      if (!hierarchy.exists(each)) continue;
      const directories = hierarchy.directories(each);
      const freezer = freezerOf(directories);
      if (isFrozen(directories) || (freezer !== undefined && isFrozenFromAbove(freezer))) return true;
    }
    return false;
  }

  /** Two changes of one tree at once could undo each other. */
  #inTurn<T>({ workspaceId }: GroupNode, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(workspaceId) ?? Promise.resolve()).then(work, work);
    this.#turns.set(workspaceId, turn);
    const forget = () => {
      if (this.#turns.get(workspaceId) === turn) this.#turns.delete(workspaceId);
    };
    turn.then(forget, forget);
    return turn;
  }
}

function judge({ isAsWanted, caveat, ...reading }: LimitReading) {
  if (!isAsWanted) return { ...reading, state: "mismatch" } as const;
  return caveat === undefined
    ? ({ ...reading, state: "enforced" } as const)
    : ({ ...reading, state: "unsupported", source: caveat } as const);
}
