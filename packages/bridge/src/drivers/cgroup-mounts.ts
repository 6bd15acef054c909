import { join, relative } from "node:path";

/** The controllers that limits need with v1, each a tree of its own. */
export const v1Controllers = ["cpu", "cpuacct", "memory", "pids", "blkio", "freezer"] as const;
export type V1Controller = (typeof v1Controllers)[number];

interface Mount {
  /** Where it can be seen. */
  readonly path: string;
  /** Which group of the whole tree is seen there: not the root of it in some containers. */
  readonly root: string;
}

export interface CgroupMounts {
  readonly v2: Mount | null;
  readonly v1: Readonly<Partial<Record<V1Controller, Mount>>>;
}

/** Reads /proc/self/mountinfo. */
export function parseCgroupMounts(mountInfo: string): CgroupMounts {
  let v2: Mount | null = null;
  const v1: Partial<Record<V1Controller, Mount>> = {};
  for (const line of mountInfo.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root = "", path = ""] = before.split(" ");
    const [type, , options = ""] = after.split(" ");
    const mount = { path: unescapePath(path), root: unescapePath(root) };
    if (type === "cgroup2") v2 ??= mount;
    if (type === "cgroup")
      for (const controller of v1Controllers) if (options.split(",").includes(controller)) v1[controller] ??= mount;
  }
  return { v2, v1 };
}

/** Spaces and the like are written in octal there. */
function unescapePath(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

export interface OwnGroups {
  readonly v2: string | null;
  readonly v1: Readonly<Partial<Record<V1Controller, string>>>;
}

/** Reads /proc/self/cgroup: the groups that a process is in, as paths in their trees. */
export function parseOwnGroups(text: string): OwnGroups {
  let v2: string | null = null;
  const v1: Partial<Record<V1Controller, string>> = {};
  for (const line of text.split("\n")) {
    const [number, names = "", ...rest] = line.split(":");
    const path = rest.join(":");
    if (path === "") continue;
    if (number === "0" && names === "") v2 = path;
    for (const controller of v1Controllers) if (names.split(",").includes(controller)) v1[controller] = path;
  }
  return { v2, v1 };
}

/** Where a group of the tree is seen in the file system. */
export function groupDirectory(mount: Mount, group: string): string {
  const inside = relative(mount.root, group);
  // A group outside of what is mounted cannot be named; its outermost visible one stands in for it.
  return inside.startsWith("..") ? mount.path : join(mount.path, inside);
}
