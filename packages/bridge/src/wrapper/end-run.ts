import { setTimeout as delay } from "node:timers/promises";
import type { RunId } from "@quarterdeck/core/ids";
import type { RunGroup } from "../drivers/driver.ts";
import { groupDirectories } from "../drivers/group-files.ts";
import { killGroup, processesOf } from "../drivers/kill-group.ts";
import { findRunProcesses, isSandboxProcess, signalProcess, type RunProcess } from "./processes.ts";

const lookAgainMs = 20;
const giveUpMs = 10_000;

/** What tells the processes of a run from all others. */
export interface RunTarget {
  readonly runId: RunId;
  readonly session?: number | undefined;
  /** Its processes are those in it, where there is one: none can leave it. */
  readonly group?: RunGroup | null | undefined;
}

function processesOfRun({ runId, session, group }: RunTarget): RunProcess[] {
  if (!group) return findRunProcesses(runId, session);
  return processesOf(groupDirectories(group)).map((pid) => ({ pid, isSandbox: isSandboxProcess(pid) }));
}

/** Asks every process of a run to end, and kills what is left after `graceMs`. */
export async function endRun(target: RunTarget, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  const asked = new Set<number>();
  while (performance.now() < deadline) {
    // The sandbox's own processes pass no signal on: killing them would take the grace from the program.
    const programs = processesOfRun(target).filter((found) => !found.isSandbox);
    if (programs.length === 0) break;
    for (const { pid } of programs) {
      if (!asked.has(pid)) signalProcess(pid, "SIGTERM");
      asked.add(pid);
    }
    await delay(lookAgainMs);
  }
  await killWhole(target);
}

/** Kills every process of a run, by its group where it has one. */
export async function killWhole({ runId, session, group }: RunTarget): Promise<void> {
  await (group ? killGroup(groupDirectories(group)) : killRun(runId, session));
}

/** Kills every process of a run until none is left. */
export async function killRun(runId: RunId, session?: number): Promise<void> {
  const deadline = performance.now() + giveUpMs;
  for (;;) {
    const left = findRunProcesses(runId, session);
    if (left.length === 0) return;
    if (performance.now() > deadline)
      throw new Error(`processes of ${runId} cannot be killed: ${left.map(({ pid }) => pid).join(", ")}`);
    for (const { pid } of left) signalProcess(pid, "SIGKILL");
    await delay(lookAgainMs);
  }
}
