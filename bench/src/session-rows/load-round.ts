import { setTimeout as delay } from "node:timers/promises";
import { cpuMicros } from "../rig/process-usage.ts";

/** Calls `act` for each of `count` actors `perSecond` times a second, evenly spread, for a time. */
export async function pace(
  act: (actor: number) => void,
  { actors, perSecond, forMs }: { readonly actors: number; readonly perSecond: number; readonly forMs: number },
): Promise<void> {
  const total = Math.floor((actors * perSecond * forMs) / 1000);
  const beganAtMs = performance.now();
  for (let done = 0; done < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - beganAtMs) / 1000) * actors * perSecond) + 1);
    for (; done < due; done++) act(done % actors);
    await delay(1);
  }
}

/** Processor time of a process while something is done. */
export async function cpuMicrosDuring(pid: number, act: () => Promise<void>): Promise<number> {
  const before = cpuMicros(pid);
  await act();
  return cpuMicros(pid) - before;
}

export async function rest(forMs: number): Promise<void> {
  await delay(forMs);
}

const patienceMs = 10_000;

/** Waits for what the load has caused; what does not come makes the measurement worthless. */
export async function until(isThere: () => boolean, what: string): Promise<void> {
  const beganAtMs = performance.now();
  while (!isThere()) {
    if (performance.now() - beganAtMs > patienceMs) throw new Error(`${what} did not come`);
    await delay(1);
  }
}
