import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { RunId } from "@quarterdeck/core/ids";
import { diskOf } from "./block-device.ts";
import {
  groupDirectory,
  parseCgroupMounts,
  parseOwnGroups,
  type CgroupMounts,
  type OwnGroups,
} from "./cgroup-mounts.ts";
import { CgroupSystemd } from "./cgroup-systemd.ts";
import { CgroupV1, openV1Trees } from "./cgroup-v1.ts";
import { CgroupV2 } from "./cgroup-v2.ts";
import { chooseDriver, type DriverPreference } from "./choose-driver.ts";
import { DiskQuota, type DiskQuotaOptions } from "./disk-quota.ts";
import type { Driver, GroupPath } from "./driver.ts";
import { readDriverFacts } from "./foresee-driver.ts";
import { groupProblem } from "./group-access.ts";
import { GroupDriver } from "./group-driver.ts";
import { errorCode } from "./group-files.ts";
import type { Hierarchy } from "./hierarchy.ts";
import type { NodeLimiter } from "./node-limiter.ts";
import { ProcessDriver } from "./process-driver.ts";
import { QuotaIds } from "./quota-ids.ts";
import { machineQuotas } from "./quota-system.ts";
import { delegatedBase } from "./delegated-group.ts";

export interface DriverOptions {
  /** Where a workspace's or project's files are. */
  readonly folderOf: (path: GroupPath) => string;
  readonly userOf: DiskQuotaOptions["userOf"];
  /** A folder on the file system of the workspaces that exists. */
  readonly workspaces: string;
  /** Where the numbers of disk quotas are kept. */
  readonly quotaIdsFile: string;
  /** Whether a run is one that the bridge still has to end; the groups of others are removed. */
  readonly isRunKnown: (runId: RunId) => boolean;
  readonly nowMs: () => number;
  /** What limits the bandwidth of projects; nothing does without it. */
  readonly bandwidth?: NodeLimiter;
  /** The names of the groups, so that two bridges on one machine do not meet. */
  readonly groupName?: string;
  readonly sliceName?: string;
  /** Takes this driver, if the machine has it. */
  readonly prefer?: DriverPreference;
}

interface OpenedDriver {
  readonly driver: Driver;
  /** Why this one, for people. */
  readonly reason: string;
}

/** Opens the driver that gives runs the most on this machine, and takes over what an earlier one left. */
export async function openDriver(options: DriverOptions): Promise<OpenedDriver> {
  const mounts = parseCgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));
  const facts = readDriverFacts(mounts);
  const { groupName = "quarterdeck", sliceName = "qd", prefer, nowMs } = options;
  const disk = new DiskQuota(
    { ...options, ids: new QuotaIds(options.quotaIdsFile) },
    facts.isRoot && machineQuotas.findMount(options.workspaces)?.hasProjectQuota === true,
  );
  const limiters = [disk, ...(options.bandwidth ? [options.bandwidth] : [])];
  const device = diskOf(options.workspaces);
  const wanted = chooseDriver({ ...facts, prefer: prefer ?? null, groupProblem: null });
  const opened = wanted.driver === "process" ? undefined : await tryToOpen(wanted.driver);
  const { driver: name, reason } =
    typeof opened === "string" ? chooseDriver({ ...facts, prefer: prefer ?? null, groupProblem: opened }) : wanted;
  if (opened === undefined || typeof opened === "string" || name === "process")
    return { driver: new ProcessDriver({ limiters, nowMs }), reason };
  const driver = new GroupDriver({ name, hierarchy: opened, limiters, nowMs });
  await driver.forgetUnknown(options.isRunKnown);
  return { driver, reason };

  /** What the kernel says itself: a folder that Node cannot make it may call missing, whatever the reason. */
  function accessProblem(name: "systemd" | "cgroup"): string | null {
    const { cgroups } = facts;
    if (name === "systemd" || cgroups === "none") return null;
    const own = parseOwnGroups(readFileSync("/proc/self/cgroup", "utf8"));
    return groupProblem({ mounts, own, cgroups, uid: process.geteuid?.() ?? 0 });
  }

  /** Why it cannot, otherwise. */
  async function tryToOpen(name: "systemd" | "cgroup"): Promise<Hierarchy | string> {
    try {
      const own = () => parseOwnGroups(readFileSync("/proc/self/cgroup", "utf8"));
      if (name === "systemd") return await openSystemd(mounts, own(), { prefix: sliceName, device });
      if (facts.cgroups === "v1") return new CgroupV1(openV1Trees(mounts, own(), groupName), device);
      return openV2(mounts, own, { groupName, device });
    } catch (error) {
      return accessProblem(name) ?? errorCode(error) ?? (error instanceof Error ? error.message : String(error));
    }
  }
}

function openSystemd(
  { v2 }: CgroupMounts,
  own: OwnGroups,
  { prefix, device }: { prefix: string; device: string | null },
): Promise<CgroupSystemd> {
  if (!v2 || own.v2 === null) throw new Error("cgroup v2 is not mounted");
  return CgroupSystemd.open({ root: v2.path, prefix, leave: groupDirectory(v2, own.v2), device });
}

function openV2(
  { v2 }: CgroupMounts,
  own: () => OwnGroups,
  { groupName, device }: { groupName: string; device: string | null },
): CgroupV2 {
  const ownGroup = own().v2;
  if (!v2 || ownGroup === null) throw new Error("cgroup v2 is not mounted");
  const base = join(delegatedBase(groupDirectory(v2, ownGroup)), groupName);
  const hierarchy = new CgroupV2({ base, leave: groupDirectory(v2, own().v2 ?? ownGroup), device });
  if (!hierarchy.limited.includes("memory")) throw new Error("the group hands over no controllers");
  return hierarchy;
}
