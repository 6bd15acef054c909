import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { signalProcess } from "../wrapper/processes.ts";
import { groupProcesses, readGroupFile, writeGroupFile } from "./group-files.ts";
import { freezerOf, isFrozenFromAbove, thawedAncestor } from "./freezer.ts";

const lookAgainMs = 5;
const giveUpMs = 10_000;

/** Every process in a group and below it, but this one. With v1 each tree is asked. */
export function processesOf(directories: readonly string[]): number[] {
  return [...new Set(directories.flatMap(groupProcesses))].filter((pid) => pid !== process.pid);
}

/**
 * Kills every process in a group and below it, and waits until none is left. None escapes: with v2 the kernel kills them in
 * one step; with v1 they are frozen first, so that none can fork between the look and the kill.
 *
 * @param directories the group's directories: one with v2, one in each tree with v1
 * @throws when some cannot be killed
 */
export async function killGroup(directories: readonly string[]): Promise<void> {
  const deadline = performance.now() + giveUpMs;
  for (;;) {
    const left = processesOf(directories);
    if (left.length === 0) return;
    if (performance.now() > deadline) throw new Error(`processes cannot be killed: ${left.join(", ")}`);
    if (isInside(directories)) for (const pid of left) signalProcess(pid, "SIGKILL");
    else if (!killAtOnce(directories)) await killFrozen(directories);
    await delay(lookAgainMs);
  }
}

/** What could not leave a group must not kill or freeze the whole of it. */
function isInside(directories: readonly string[]): boolean {
  return directories.some((directory) => groupProcesses(directory).includes(process.pid));
}

function killAtOnce(directories: readonly string[]): boolean {
  return directories.some((directory) => writeGroupFile(join(directory, "cgroup.kill"), "1") === null);
}

async function killFrozen(directories: readonly string[]): Promise<void> {
  const freezer = freezerOf(directories);
  if (freezer === undefined) {
    for (const pid of processesOf(directories)) signalProcess(pid, "SIGKILL");
    return;
  }
  const state = join(freezer, "freezer.state");
  writeGroupFile(state, "FROZEN");
  try {
    // What was forking while it froze is seen at the second look, frozen as well.
    for (let look = 0; look < 2 || readGroupFile(freezer, "freezer.state")?.trim() === "FREEZING"; look++) {
      for (const pid of processesOf(directories)) signalProcess(pid, "SIGKILL");
      if (look > 20) break;
      await delay(1);
    }
  } finally {
    writeGroupFile(state, "THAWED");
  }
  // A killed process that is frozen with a group around its own ends only when it is taken out of it.
  if (isFrozenFromAbove(freezer))
    for (const pid of processesOf(directories))
      writeGroupFile(join(thawedAncestor(freezer), "cgroup.procs"), String(pid));
}
