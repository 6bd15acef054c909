import { existsSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CgroupV2, controllers, writeCpuWeight } from "./cgroup-v2.ts";
import { childNames, readGroupFile, writeGroupFile } from "./group-files.ts";
import { nodeKey, parentNode, parseNodeName, type GroupNode } from "./group-node.ts";
import type { CpuShare, GroupLimits, LimitReading } from "./hierarchy.ts";
import { runTool } from "./run-tool.ts";
import { holderArguments, parseSliceName, runsServiceName, sliceName, sliceProperties } from "./systemd-units.ts";

interface SystemdOptions {
  /** Where the tree of groups is mounted. */
  readonly root: string;
  /** The name of the slice that holds all of ours. */
  readonly prefix: string;
  readonly leave: string;
  readonly device: string | null;
}

/** How often a new service is looked at until its process is where it belongs: for 10 s. */
const holdTries = 500;
const holdRetryMs = 20;

const isOurs = (controller: string) => (controllers as readonly string[]).includes(controller);

function groupWords(directory: string, name: string): string[] {
  return (readGroupFile(directory, name) ?? "").split(/\s/).filter(Boolean);
}

/** The group of the service's own process, beside those of runs. */
const holderName = "holder";

/**
 * Groups of workspaces and projects are slices of systemd, which sets their limits and remembers them until the machine
 * stops. Runs are groups of our own below a service in them whose group systemd hands over, so that a start asks nobody.
 */
export class CgroupSystemd extends CgroupV2 {
  readonly #prefix: string;
  /** The nodes whose service is known to be there. */
  readonly #held = new Map<string, GroupNode>();

  static async open(options: SystemdOptions): Promise<CgroupSystemd> {
    await runTool("systemctl", ["start", `${options.prefix}.slice`]);
    return new CgroupSystemd(options);
  }

  private constructor({ root, prefix, leave, device }: SystemdOptions) {
    super({ base: join(root, `${prefix}.slice`), leave, device, controllersOf: root });
    this.#prefix = prefix;
  }

  override nodes(): GroupNode[] {
    const { base } = this.options;
    const slices = childNames(base).flatMap((name) => [name, ...childNames(join(base, name))]);
    const groups = slices.flatMap((name) => {
      const [workspace = "", project, ...more] = parseSliceName(this.#prefix, name) ?? [];
      const workspaceNode = parseNodeName(workspace, null);
      if (!workspaceNode || more.length > 0) return [];
      const node = project === undefined ? workspaceNode : parseNodeName(project, workspaceNode);
      return node && node.runId === null ? [node] : [];
    });
    for (const node of groups) if (existsSync(join(this.#runs(node), holderName))) this.#held.set(nodeKey(node), node);
    const runs = groups.flatMap((node) =>
      childNames(this.#runs(node)).flatMap((name) => {
        const run = parseNodeName(name, node);
        return run?.runId ? [run] : [];
      }),
    );
    return [...groups, ...runs];
  }

  override directory(node: GroupNode): string {
    const { base } = this.options;
    const { projectId, runId } = node;
    if (runId !== null) return join(this.#runs(node), runId);
    const workspace = join(base, sliceName(this.#prefix, { ...node, projectId: null }));
    return projectId === null ? workspace : join(workspace, sliceName(this.#prefix, node));
  }

  override ownTasks(node: GroupNode): number {
    if (node.runId !== null) return 0;
    if (node.projectId !== null) return this.#held.has(nodeKey(node)) ? 1 : 0;
    let count = 0;
    for (const { workspaceId } of this.#held.values()) if (workspaceId === node.workspaceId) count++;
    return count;
  }

  override async create(node: GroupNode): Promise<void> {
    const parent = parentNode(node);
    if (node.runId === null || !parent) {
      if (!this.exists(node)) await runTool("systemctl", ["start", sliceName(this.#prefix, node)]);
      return;
    }
    await this.#hold(parent);
    const directory = this.directory(node);
    mkdirSync(directory, { recursive: true });
    writeGroupFile(join(directory, "memory.oom.group"), "1");
  }

  override async limit(node: GroupNode, limits: GroupLimits): Promise<LimitReading[]> {
    if (node.runId !== null) return super.limit(node, limits);
    // systemd takes a while, and most commands bring the limits that hold already.
    const before = this.read(node, limits);
    if (before.every(({ isAsWanted }) => isAsWanted)) return before;
    const properties = sliceProperties(limits, this.options.device);
    await runTool("systemctl", ["set-property", "--runtime", sliceName(this.#prefix, node), ...properties]);
    return this.read(node, limits);
  }

  /** A call to systemd for each start would take longer than the start. It sets a slice's weight only with its other properties. */
  override setCpuShare(node: GroupNode, share: CpuShare): void {
    super.setCpuShare(node, share);
    if (node.runId === null) writeCpuWeight(this.#runs(node), Math.max(1, share.ofOwnRuns));
  }

  override async remove(node: GroupNode): Promise<void> {
    if (node.runId !== null) return super.remove(node);
    const isInside = ({ workspaceId, projectId }: GroupNode) =>
      workspaceId === node.workspaceId && (node.projectId === null || projectId === node.projectId);
    for (const [key, held] of this.#held) if (isInside(held)) this.#held.delete(key);
    const below = this.nodes().filter((each) => each.runId === null && isInside(each));
    await runTool("systemctl", ["stop", sliceName(this.#prefix, node)]);
    // Their limits would wait for slices of the same names.
    await runTool("systemctl", ["revert", ...below.map((each) => sliceName(this.#prefix, each))], { mayFail: true });
  }

  /** Slices without limits of their own go with systemd; those that have them stay, as systemd remembers them. */
  override removeEmpty(node: GroupNode | null): void {
    if (node?.runId) super.removeEmpty(node);
  }

  /** The group of the service that is ours. */
  #runs(node: GroupNode): string {
    return join(this.directory({ ...node, runId: null }), runsServiceName(this.#prefix, node));
  }

  /** Makes sure that the service is there, its sleeper beside the runs, and its controllers on. */
  async #hold(node: GroupNode): Promise<void> {
    const directory = this.#runs(node);
    const holder = join(directory, holderName);
    if (this.#held.has(nodeKey(node)) && existsSync(holder)) return;
    if (!existsSync(directory)) {
      await this.create(node);
      const name = basename(directory);
      await runTool("systemctl", ["reset-failed", name], { mayFail: true });
      await runTool("systemd-run", holderArguments(name, sliceName(this.#prefix, node)));
    }
    mkdirSync(holder, { recursive: true });
    // The service counts as started before its process is in its group, where it would keep the kernel from limiting memory.
    for (let tries = 0; tries < holdTries && !this.#settle(directory, holder); tries++) await delay(holdRetryMs);
    this.#held.set(nodeKey(node), node);
  }

  /** Takes the service's processes out of the group in which the runs are made. @returns whether runs can be limited there */
  #settle(directory: string, holder: string): boolean {
    for (const pid of groupWords(directory, "cgroup.procs")) writeGroupFile(join(holder, "cgroup.procs"), pid);
    this.makeGroup(directory);
    const isOn = groupWords(directory, "cgroup.subtree_control");
    const areAllOn = groupWords(directory, "cgroup.controllers").every((name) => !isOurs(name) || isOn.includes(name));
    return areAllOn && groupWords(holder, "cgroup.procs").length > 0;
  }
}
