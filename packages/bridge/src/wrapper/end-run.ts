import { setTimeout as delay } from "node:timers/promises";
import type { RunId } from "@quarterdeck/core/ids";
import { findRunProcesses, signalProcess } from "./processes.ts";

const lookAgainMs = 20;
const giveUpMs = 10_000;

/** Asks every process of a run to end, and kills what is left after `graceMs`. */
export async function endRun(runId: RunId, session: number | undefined, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  const asked = new Set<number>();
  while (performance.now() < deadline) {
    // The sandbox's own processes pass no signal on: killing them would take the grace from the program.
    const programs = findRunProcesses(runId, session).filter((found) => !found.isSandbox);
    if (programs.length === 0) break;
    for (const { pid } of programs) {
      if (!asked.has(pid)) signalProcess(pid, "SIGTERM");
      asked.add(pid);
    }
    await delay(lookAgainMs);
  }
  await killRun(runId, session);
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
