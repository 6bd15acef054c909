import { setTimeout as delay } from "node:timers/promises";

const pollMs = 50;

/** Waits until a condition holds, and fails with what was waited for when it does not in time. */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { what, timeoutMs = 20_000 }: { what: string | (() => string); timeoutMs?: number },
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline)
      throw new Error(`Waited ${timeoutMs} ms for ${typeof what === "string" ? what : what()}`);
    await delay(pollMs);
  }
}
