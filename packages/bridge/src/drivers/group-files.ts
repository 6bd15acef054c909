import { readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { RunGroup } from "./driver.ts";

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** What a group that does not exist, or was removed meanwhile, answers. */
const goneCodes = ["ENOENT", "ENODEV"];

export function isGone(error: unknown): boolean {
  return goneCodes.includes(errorCode(error) ?? "");
}

/** The directories of a run's group: one with v2, one in each tree with v1. */
export function groupDirectories({ enter }: RunGroup): string[] {
  return enter.map((path) => dirname(path));
}

/** A file of a group; `undefined` when the group or the file is not there. */
export function readGroupFile(directory: string, name: string): string | undefined {
  try {
    return readFileSync(join(directory, name), "latin1");
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** The first of a group's directories (with v1, one in each tree) that has this file. */
export function readFirst(directories: readonly string[], name: string): string | undefined {
  for (const directory of directories) {
    const text = readGroupFile(directory, name);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** Writes to a file of a group. @returns the code of the error that the kernel answered, or `null` */
export function writeGroupFile(path: string, text: string): string | null {
  try {
    writeFileSync(path, text, { flag: "r+" }); // The kernel makes these files; none may be made here.
    return null;
  } catch (error) {
    return errorCode(error) ?? "UNKNOWN";
  }
}

export function childNames(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [entry.name] : [],
    );
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** A group and all groups below it, innermost first. */
export function withDescendants(directory: string): string[] {
  return [...childNames(directory).flatMap((name) => withDescendants(join(directory, name))), directory];
}

/** Every process in a group and below it. */
export function groupProcesses(directory: string): number[] {
  return withDescendants(directory).flatMap((group) =>
    (readGroupFile(group, "cgroup.procs") ?? "").split("\n").filter(Boolean).map(Number),
  );
}

/** Removes a group without processes. @returns whether it is gone */
export function removeGroup(directory: string): boolean {
  try {
    for (const group of withDescendants(directory)) rmdirSync(group);
    return true;
  } catch (error) {
    if (isGone(error)) return true;
    if (errorCode(error) === "EBUSY") return false;
    throw error;
  }
}

/** Removes one group if nothing is in it. */
export function removeEmptyGroup(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!isGone(error) && !["EBUSY", "ENOTEMPTY"].includes(errorCode(error) ?? "")) throw error;
  }
}
