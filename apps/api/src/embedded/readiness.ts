import { existsSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { KeptChild } from "./keep-running.ts";

const pollMs = 50;

/** Waits until a part answers, and gives up with the end of its log when it ends instead or takes too long. */
export async function waitUntilReady(
  child: KeptChild,
  isReady: () => Promise<boolean>,
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (await isReady()) {
      child.established();
      return;
    }
    const end = child.lastEnd();
    if (end !== undefined) throw new Error(`${child.spec.name} ${end}.\n${endOfLog(child)}`);
    if (performance.now() > deadline) {
      throw new Error(`${child.spec.name} did not answer within ${timeoutMs / 1000} s.\n${endOfLog(child)}`);
    }
    await delay(pollMs);
  }
}

/** Whether an address answers with success. No connection is an answer too: not yet. */
export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** What this start wrote to its log, without what earlier ones did. */
function endOfLog({ spec: { logFile }, logStart }: KeptChild): string {
  const text = existsSync(logFile) ? readFileSync(logFile).subarray(logStart).toString() : "";
  const lines = text.trimEnd().split("\n").slice(-8);
  return [...lines.map((line) => `  ${line}`), `  (the whole log: ${logFile})`].join("\n");
}
