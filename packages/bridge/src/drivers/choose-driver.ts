import type { Driver } from "./driver.ts";

/** What an owner may want instead of the best driver. */
export const driverPreferences = ["cgroup", "process"] as const;
export type DriverPreference = (typeof driverPreferences)[number];

/** What a machine has that decides about the driver. */
export interface MachineFacts {
  readonly isRoot: boolean;
  /** systemd is what started the machine. */
  readonly hasSystemd: boolean;
  readonly isContainer: boolean;
  /** Which version of cgroups has the controllers. */
  readonly cgroups: "v2" | "v1" | "none";
  /** Why no group can be made where ours would be; null: it can. */
  readonly groupProblem: string | null;
  /** What the owner wants instead of the best. */
  readonly prefer: DriverPreference | null;
}

export interface DriverChoice {
  readonly driver: Driver["name"];
  /** Why this one, in a sentence for people. */
  readonly reason: string;
}

/** Chooses the driver that gives runs the most on a machine. */
export function chooseDriver(facts: MachineFacts): DriverChoice {
  const { isRoot, hasSystemd, cgroups, groupProblem, prefer } = facts;
  if (prefer === "process") return { driver: "process", reason: "The owner wants no limits." };
  if (cgroups === "none")
    return {
      driver: "process",
      reason: `This machine has no control groups, so nothing limits what runs take. ${mendOf(facts)}`,
    };
  if (cgroups === "v2" && hasSystemd && isRoot && prefer === null && groupProblem === null)
    return {
      driver: "systemd",
      reason: "systemd runs this machine, with cgroup v2, and the bridge has root's rights.",
    };
  if (groupProblem !== null)
    return {
      driver: "process",
      reason: `No control groups can be made here (${groupProblem}), so nothing limits what runs take. ${mendOf(facts)}`,
    };
  return { driver: "cgroup", reason: `The bridge can make groups of cgroup ${cgroups} itself.` };
}

function mendOf({ isContainer, cgroups }: MachineFacts): string {
  if (isContainer)
    return "It is a container: give it limits itself (docker run --cpus --memory --pids-limit), or install the bridge outside of it.";
  return cgroups === "none"
    ? "Mount cgroup2 at /sys/fs/cgroup."
    : "Install the bridge as root, or hand a group over to it.";
}
