import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { readGroupFile, writeGroupFile } from "./group-files.ts";

const leaf = "quarterdeck-bridge";

/**
 * Makes room for groups of ours below the one that this process is in (cgroup v2). A group with processes of its own cannot
 * give controllers to groups below it, so they move into one beside ours.
 *
 * @param own where the group of this process is
 * @returns where groups of ours can be made
 */
export function delegatedBase(own: string): string {
  // After a restart it is in there already.
  const base = own.endsWith(`/${leaf}`) ? own.slice(0, -leaf.length - 1) : own;
  if (writeGroupFile(join(base, "cgroup.subtree_control"), firstController(base)) !== "EBUSY") return base;
  const directory = join(base, leaf);
  mkdirSync(directory, { recursive: true });
  for (const pid of ownProcesses(base)) writeGroupFile(join(directory, "cgroup.procs"), pid);
  return base;
}

function firstController(directory: string): string {
  const [name = ""] = (readGroupFile(directory, "cgroup.controllers") ?? "").trim().split(" ");
  return name === "" ? "" : `+${name}`;
}

function ownProcesses(directory: string): string[] {
  return (readGroupFile(directory, "cgroup.procs") ?? "").split("\n").filter(Boolean);
}
