import { describe, expect, it } from "vitest";
import { reconnectDelay } from "./reconnect-delay.ts";

const bridges = 10_000;
const acceptsPerSecond = 500;
const attempt = { closeCode: 1006, isProved: false, refusedForMs: 0, retryAfterMs: null };

/** A generator of numbers in 0–1 that is the same at each run (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** All bridges are cut at once; a relay lets so many in each second and cuts the others. */
function reconnectAll(random: () => number, spreadMs: number): { backAtMs: number[]; attempts: number } {
  const delayMs = (failures: number) =>
    reconnectDelay({ ...attempt, failures, spreadMs, random: random() }) ?? Infinity;
  let waiting = Array.from({ length: bridges }, () => ({ atMs: delayMs(0), failures: 1 }));
  const backAtMs: number[] = [];
  let attempts = 0;
  for (let second = 0; waiting.length > 0; second++) {
    const isDue = ({ atMs }: { atMs: number }) => Math.floor(atMs / 1000) === second;
    const due = waiting.filter(isDue).toSorted((a, b) => a.atMs - b.atMs);
    attempts += due.length;
    backAtMs.push(...due.slice(0, acceptsPerSecond).map(({ atMs }) => atMs));
    const refused = due.slice(acceptsPerSecond).map(({ atMs, failures }) => {
      // One that is refused within this second can come again in it, and is refused again.
      return { atMs: Math.max((second + 1) * 1000, atMs + delayMs(failures)), failures: failures + 1 };
    });
    waiting = [...waiting.filter((bridge) => !isDue(bridge)), ...refused];
  }
  return { backAtMs: backAtMs.toSorted((a, b) => a - b), attempts };
}

describe("10,000 bridges that come back to a relay that lets 500 in each second [F12]", () => {
  it("are all back in about half a minute, with hardly an attempt in vain", () => {
    const { backAtMs, attempts } = reconnectAll(randomOf(1), 30_000);
    expect(backAtMs).toHaveLength(bridges);
    expect(backAtMs.at(-1)).toBeLessThan(35_000);
    expect(attempts).toBeLessThan(bridges * 1.05);
  });

  it("are back within a minute or two when the relay knew of few servers and asked for a short spread", () => {
    const { backAtMs, attempts } = reconnectAll(randomOf(2), 2000);
    expect(backAtMs[Math.floor(bridges * 0.99)]).toBeLessThan(120_000);
    expect(attempts).toBeLessThan(bridges * 8);
  });

  it("would need a quarter of an hour and ten times the attempts without jitter", () => {
    const { backAtMs, attempts } = reconnectAll(() => 1, 500);
    expect(backAtMs[Math.floor(bridges * 0.99)]).toBeGreaterThan(700_000);
    expect(attempts).toBeGreaterThan(100_000);
  });
});
