import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

const pollMs = 50;

/** Waits until no run of this machine's bridge has a process any more, `timeoutMs` at most. Returns those that are left. */
export async function waitForRunsToEnd(runsDir: string, timeoutMs: number): Promise<number[]> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const left = processesNaming(runsDir);
    if (left.length === 0 || performance.now() > deadline) return left;
    await delay(pollMs);
  }
}

/** The processes whose command line names a path below a folder, as the wrappers of runs do. */
function processesNaming(folder: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => commandLine(pid).includes(`${folder}/`));
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // It ended while we looked.
  }
}
