import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import type { LimitEvidence } from "@quarterdeck/core/protocol/limit-evidence";
import { mebibyte } from "@quarterdeck/core/units";
import type { GroupPath } from "./driver.ts";
import { nodeId, type GroupNode } from "./group-node.ts";
import { isLimitAsWanted } from "./judge-limit.ts";
import { MeasuredDisk } from "./measured-disk.ts";
import type { NodeLimiter } from "./node-limiter.ts";
import { parseQuotaReport, parseQuotaUse, type QuotaMount } from "./quota-mount.ts";
import type { QuotaIds } from "./quota-ids.ts";
import { isQuotaEnforced } from "./quota-probe.ts";
import { machineQuotas, quotaTools, type QuotaSystem } from "./quota-system.ts";

interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

export interface DiskQuotaOptions {
  /** Where a workspace's or project's files are. */
  readonly folderOf: (path: GroupPath) => string;
  /** The system user of a workspace; null: the bridge's own. */
  readonly userOf: (path: GroupPath) => SystemUser | null;
  readonly ids: QuotaIds;
  readonly nowMs: () => number;
  /** Without it, this machine. */
  readonly system?: QuotaSystem;
}

type Found = Pick<LimitEvidence, "actual" | "state" | "source">;

/** A quota that can be set: whose, and where. */
interface QuotaPlace {
  readonly kind: "user" | "project";
  readonly folder: string;
  readonly mount: QuotaMount;
  readonly user: SystemUser;
}

const blockBytes = 1024;
/** Numbers for probes, one each. As users they are nobody. */
const firstProbeId = 6_070_000;
const probeIds = 900_000;

/**
 * Limits what is on the disk: a project by the quota of its folder, a workspace by that of its system user, so that both
 * levels of the tree are the kernel's, of which a file can have one number each. Where that does not hold, use is measured.
 */
export class DiskQuota implements NodeLimiter {
  readonly resource = "disk";
  readonly isEnforced: boolean;
  readonly #options: DiskQuotaOptions;
  readonly #measured: MeasuredDisk;
  readonly #system: QuotaSystem;
  /** What a probe found, by file system, kind and user: each is tried once. */
  readonly #probed = new Map<string, Promise<boolean>>();

  /** @param isEnforced whether the file system of the workspaces is mounted with quotas, as far as one can see */
  constructor(options: DiskQuotaOptions, isEnforced: boolean) {
    this.#options = options;
    this.#measured = new MeasuredDisk(options.nowMs);
    this.#system = options.system ?? machineQuotas;
    this.isEnforced = isEnforced;
  }

  async apply(node: GroupNode, wanted: number | null): Promise<Found> {
    const folder = this.#options.folderOf(node);
    const place = this.#place(node, folder);
    const found = typeof place === "string" ? measured(place) : await this.#set(node, place, wanted);
    this.#measured.watch(node, folder, found.state === "measured" ? wanted : null);
    if (found.state !== "measured") return found;
    if (wanted === null) return { ...found, state: "enforced" };
    const used = this.#measured.usedBy(node);
    return used === undefined ? found : measured(`${found.source}; ${Math.round(used / mebibyte)} MiB are used`);
  }

  admit(node: GroupNode): Promise<void> {
    return this.#measured.admit(node);
  }

  /** What the file system counts under a node's number, once all that is in its folder has it. */
  async used(node: GroupNode): Promise<number | null> {
    const place = this.#place(node, this.#options.folderOf(node));
    if (typeof place === "string") return null;
    const { kind, mount, user } = place;
    const entry = kind === "user" ? { id: user.uid, isCounted: true } : this.#options.ids.find(nodeId(node));
    if (entry?.isCounted !== true) return null;
    const { stdout } = await this.#system.run("repquota", [kind === "user" ? "-u" : "-P", "-n", mount.path]);
    return parseQuotaUse(stdout, entry.id) ?? null;
  }

  /** Why there is none, otherwise. */
  #place(node: GroupNode, folder: string): QuotaPlace | string {
    const kind = node.projectId === null ? "user" : "project";
    const user = this.#options.userOf(node);
    if (!user) return "it has no user of its own, and no quota holds root";
    if (!existsSync(folder)) return "its folder is not there yet";
    const mount = this.#system.findMount(folder);
    if (!mount) return "the file system has no quotas";
    if (!(kind === "user" ? mount.hasUserQuota : mount.hasProjectQuota))
      return `${mount.path} is mounted without quotas of ${kind}s`;
    const missing = quotaTools.find((name) => !this.#system.isInstalled(name));
    return missing === undefined ? { kind, folder, mount, user } : `${missing} is not installed`;
  }

  async #set(node: GroupNode, place: QuotaPlace, wanted: number | null): Promise<Found> {
    const { kind, mount, user } = place;
    const name = nodeId(node);
    const known = kind === "user" ? user.uid : this.#options.ids.find(name)?.id;
    if (wanted === null && known === undefined) return { actual: null, state: "enforced", source: "it has no quota" };
    if (kind === "project") await this.#countUnder(place.folder, name);
    const id = known ?? this.#options.ids.take(name).id;
    const option = kind === "user" ? "-u" : "-P";
    const read = async () =>
      parseQuotaReport((await this.#system.run("repquota", [option, "-n", mount.path])).stdout, id);
    const blocks = wanted === null ? 0 : Math.max(1, Math.floor(wanted / blockBytes));
    if ((await read()) !== (blocks === 0 ? null : blocks * blockBytes))
      await this.#system.run("setquota", [option, String(id), "0", String(blocks), "0", "0", mount.path]);
    const actual = (await read()) ?? null;
    const source = `repquota ${option} ${mount.path} #${id}`;
    if (!isLimitAsWanted(wanted, actual, { below: blockBytes })) return { actual, state: "mismatch", source };
    if (wanted === null) return { actual, state: "enforced", source };
    return (await this.#isHeld(place))
      ? { actual, state: "enforced", source: `${source}; a write beyond a quota was refused` }
      : measured(`${source}; a write beyond a quota was not refused`);
  }

  #isHeld({ kind, folder, mount, user: owner }: QuotaPlace): Promise<boolean> {
    const id = firstProbeId + randomInt(probeIds);
    const user = kind === "user" ? { uid: id, gid: id } : owner;
    const key = kind === "user" ? `${mount.path} users` : `${mount.path} project ${owner.uid}`;
    const before = this.#probed.get(key);
    if (before) return before;
    const probe = isQuotaEnforced({ folder: dirname(folder), mount: mount.path, kind, id, user }, this.#system);
    this.#probed.set(key, probe);
    probe.catch(() => this.#probed.delete(key));
    return probe;
  }

  /** Has the file system count a folder, what is in it and what is made in it under the project's number. */
  async #countUnder(folder: string, name: string): Promise<void> {
    const { ids } = this.#options;
    const { id, isCounted } = ids.take(name);
    const { stdout } = await this.#system.run("lsattr", ["-p", "-d", folder]);
    const [number, flags = ""] = stdout.trim().split(/\s+/);
    if (isCounted && Number(number) === id && flags.includes("P")) return;
    ids.setCounted(name, false);
    await this.#system.run("chattr", ["-R", "-p", String(id), folder], { timeoutMs: countTimeoutMs });
    const folders = ["-xdev", "-type", "d", "-exec", "chattr", "+P", "{}", "+"];
    await this.#system.run("find", [folder, ...folders], { timeoutMs: countTimeoutMs });
    ids.setCounted(name, true);
  }
}

const countTimeoutMs = 600_000;

function measured(source: string): Found {
  return { actual: null, state: "measured", source };
}
