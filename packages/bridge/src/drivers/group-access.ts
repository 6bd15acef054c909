import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import { groupDirectory, type CgroupMounts, type OwnGroups } from "./cgroup-mounts.ts";
import { groupAround } from "./delegated-group.ts";
import { errorCode } from "./group-files.ts";

interface AccessOptions {
  readonly mounts: CgroupMounts;
  readonly own: OwnGroups;
  readonly cgroups: "v2" | "v1";
  /** The user who is to make groups: this process's own, or root is asking for another. */
  readonly uid: number;
}

const ownerMayWrite = 0o200;

/** Why a user cannot make groups here, as the kernel's code for it; null: nothing is known against it. Changes nothing. */
export function groupProblem({ mounts, own, cgroups, uid }: AccessOptions): string | null {
  const { v1, v2 } = mounts;
  if (cgroups === "v1")
    return firstProblem(
      Object.values(v1).map(({ path }) => path),
      uid,
    );
  if (!v2 || own.v2 === null) return "ENOENT";
  const directory = groupAround(groupDirectory(v2, own.v2));
  return firstProblem([directory, join(directory, "cgroup.subtree_control")], uid);
}

function firstProblem(paths: readonly string[], uid: number): string | null {
  for (const path of paths) {
    const problem = writeProblem(path, uid);
    if (problem !== null) return problem;
  }
  return null;
}

function writeProblem(path: string, uid: number): string | null {
  try {
    accessSync(path, constants.W_OK);
    if (uid === process.geteuid?.() || uid === 0) return null;
    const { uid: owner, mode } = statSync(path);
    return owner === uid && (mode & ownerMayWrite) !== 0 ? null : "EACCES";
  } catch (error) {
    return errorCode(error) ?? "UNKNOWN";
  }
}
