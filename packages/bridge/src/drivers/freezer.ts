import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { counter } from "./group-counters.ts";
import { readGroupFile, writeGroupFile } from "./group-files.ts";

const lookAgainMs = 5;
const giveUpMs = 10_000;

/** Of a group's directories with v1, the one in the tree that freezes. */
export function freezerOf(directories: readonly string[]): string | undefined {
  return directories.find((directory) => existsSync(join(directory, "freezer.state")));
}

/** With v1: whether a group around this one is frozen. */
export function isFrozenFromAbove(freezer: string): boolean {
  return readGroupFile(freezer, "freezer.parent_freezing")?.trim() === "1";
}

/** With v1: the nearest group around this one that is not frozen itself and lies in no frozen one. */
export function thawedAncestor(freezer: string): string {
  let directory = dirname(freezer);
  while (isFrozenFromAbove(directory) || readGroupFile(directory, "freezer.self_freezing")?.trim() === "1")
    directory = dirname(directory);
  return directory;
}

/** Whether every process in a group stands still, by what the kernel says. */
export function isFrozen(directories: readonly string[]): boolean {
  const freezer = freezerOf(directories);
  if (freezer !== undefined) return readGroupFile(freezer, "freezer.state")?.trim() === "FROZEN";
  return directories.some((directory) => counter(readGroupFile(directory, "cgroup.events"), "frozen") === 1);
}

/**
 * Freezes a group or thaws it, and waits until the kernel says so.
 *
 * @throws when the kernel does not get there in time
 */
export async function setFrozen(directories: readonly string[], shouldFreeze: boolean): Promise<void> {
  const freezer = freezerOf(directories);
  const problem =
    freezer === undefined
      ? writeGroupFile(join(directories[0] ?? "", "cgroup.freeze"), shouldFreeze ? "1" : "0")
      : writeGroupFile(join(freezer, "freezer.state"), shouldFreeze ? "FROZEN" : "THAWED");
  if (problem !== null) throw new Error(`the group cannot be ${shouldFreeze ? "frozen" : "thawed"}: ${problem}`);
  const deadline = performance.now() + giveUpMs;
  while (isFrozen(directories) !== shouldFreeze) {
    if (performance.now() > deadline)
      throw new Error(`the group was not ${shouldFreeze ? "frozen" : "thawed"} in time`);
    await delay(lookAgainMs);
  }
}
