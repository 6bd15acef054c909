import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { readGroupFile, writeGroupFile } from "./group-files.ts";

const leaf = "quarterdeck-bridge";

/** The group below which ours are made: after a restart the bridge is in the one beside them already. */
export function groupAround(own: string): string {
  return own.endsWith(`/${leaf}`) ? own.slice(0, -leaf.length - 1) : own;
}

/**
 * Makes room for groups of ours below the one that this process is in (cgroup v2). A group with processes of its own cannot
 * give controllers to groups below it, so they move into one beside ours.
 *
 * @param own where the group of this process is
 * @returns where groups of ours can be made
 */
export function delegatedBase(own: string): string {
  const base = groupAround(own);
  const control = join(base, "cgroup.subtree_control");
  // Asked with memory, and first: cpu alone would be given in spite of the processes, and then none could be moved any more.
  if (writeGroupFile(control, "+memory") === "EBUSY") {
    const directory = join(base, leaf);
    mkdirSync(directory, { recursive: true });
    const processes = (readGroupFile(base, "cgroup.procs") ?? "").split("\n").filter(Boolean);
    for (const pid of processes) writeGroupFile(join(directory, "cgroup.procs"), pid);
  }
  const names = (readGroupFile(base, "cgroup.controllers") ?? "").trim().split(" ").filter(Boolean);
  for (const name of names) writeGroupFile(control, `+${name}`);
  return base;
}
