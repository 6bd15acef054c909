import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isInContainer } from "../container.ts";
import { parseCgroupMounts, parseOwnGroups, type CgroupMounts } from "./cgroup-mounts.ts";
import { chooseDriver, type DriverChoice, type DriverPreference, type MachineFacts } from "./choose-driver.ts";
import { groupProblem } from "./group-access.ts";
import { isGone } from "./group-files.ts";

/** What of a machine decides about the driver, before anything was tried. */
export function readDriverFacts(mounts: CgroupMounts): Omit<MachineFacts, "groupProblem" | "prefer"> {
  return {
    isRoot: process.geteuid?.() === 0,
    hasSystemd: existsSync("/run/systemd/system"),
    isContainer: isInContainer(),
    // Beside trees of v1 the one of v2 may be mounted too, with none of the controllers.
    cgroups: readControllers(mounts).includes("memory") ? "v2" : isSeen(mounts) ? "v1" : "none",
  };
}

/** A container may hide a mount behind another one that the list of mounts still names. */
function readControllers({ v2 }: CgroupMounts): string {
  if (!v2) return "";
  try {
    return readFileSync(join(v2.path, "cgroup.controllers"), "utf8");
  } catch (error) {
    if (isGone(error)) return "";
    throw error;
  }
}

function isSeen({ v1: { memory, cpu } }: CgroupMounts): boolean {
  return [memory, cpu].some((mount) => mount !== undefined && existsSync(join(mount.path, "cgroup.procs")));
}

interface ForesightOptions {
  /** Whom the bridge that starts the runs, or its helper, runs as. */
  readonly uid: number;
  /** Of the bridge, where it runs: it may have been given a group that others have not. */
  readonly pid: number | null;
  readonly prefer: DriverPreference | null;
}

/** Which driver such a bridge would have here, found out without making a group. */
export function foreseeDriver({ uid, pid, prefer }: ForesightOptions): DriverChoice {
  const mounts = parseCgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));
  const facts = { ...readDriverFacts(mounts), isRoot: uid === 0, prefer };
  const { cgroups } = facts;
  const first = chooseDriver({ ...facts, groupProblem: null });
  // systemd makes the groups itself.
  if (cgroups === "none" || first.driver !== "cgroup") return first;
  const own = parseOwnGroups(readFileSync(`/proc/${pid ?? "self"}/cgroup`, "utf8"));
  return chooseDriver({ ...facts, groupProblem: groupProblem({ mounts, own, cgroups, uid }) });
}
