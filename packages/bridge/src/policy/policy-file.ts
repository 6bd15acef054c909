import { closeSync, constants, fstatSync, openSync, readFileSync, statSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import { errorMessage } from "../log.ts";
import { maxPolicyBytes, parsePolicy, type Policy, type PolicyProblem } from "./parse-policy.ts";

/** What tells one state of a file from another without reading it. */
export type FileMark = string;

export const noFile: FileMark = "none";

/** A cheap look at whether the file is another than before. */
export function markOf(path: string): FileMark {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stats
    ? [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs, stats.mode, stats.uid].join(" ")
    : noFile;
}

/**
 * Reads the policy file, if nobody but root, or the user that the bridge runs as, could have written it.
 *
 * @returns the policy, what is wrong with the file, or null when there is none
 */
export function readPolicyFile(path: string): Policy | PolicyProblem | null {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    return { problem: `${path} cannot be read: ${errorMessage(error)}. Let the user that the bridge runs as read it.` };
  }
  try {
    const stats = fstatSync(file);
    const problem = whoElseWrites(path, stats) ?? whoElseWrites(dirname(path), statSync(dirname(path)));
    if (problem !== null) return { problem };
    if (!stats.isFile()) return { problem: `${path} is not a file. Put the policy there.` };
    if (stats.size > maxPolicyBytes) return { problem: `${path} has more than ${maxPolicyBytes} bytes. Shorten it.` };
    return parsePolicy(path, readFileSync(file, "utf8"));
  } finally {
    closeSync(file);
  }
}

const othersMayWrite = 0o022;

function whoElseWrites(path: string, { uid, mode }: Pick<Stats, "uid" | "mode">): string | null {
  if (uid !== 0 && uid !== process.getuid?.())
    return `${path} belongs to another user (${uid}), who could change it: chown root ${path}`;
  return (mode & othersMayWrite) === 0 ? null : `${path} can be written by others: chmod go-w ${path}`;
}
