import fc from "fast-check";
import { expect, it } from "vitest";
import { TestServer } from "./test-server.ts";

const two = { a: {}, "a/w": {}, "a/w/p": {}, b: {}, "b/w": {}, "b/w/p": {} };
const stepMs = 500;
const longestMs = 5000;
const patienceMs = 30_000;
/** A small task has half of the processors at most. */
const mostCost = longestMs / 2;

interface Small {
  readonly cpu: number;
  readonly steps: number;
}
const smalls = fc.array(
  fc.record({ cpu: fc.integer({ min: 1, max: 4 }), steps: fc.integer({ min: 1, max: longestMs / stepMs }) }),
  { minLength: 50, maxLength: 50 },
);
const bigCpu = fc.integer({ min: 5, max: 8 });

/** A server that always has more small tasks waiting than it has room for, and one task that needs all of its memory. */
class CrowdedServer extends TestServer {
  readonly #smalls: readonly Small[];
  readonly #running = new Map<string, { readonly endsAtMs: number }>();
  #count = 0;
  #nowMs = 0;
  /** What those were charged that passed the big one. */
  passedCost = 0;
  #passedSinceMs: number | null = null;
  #keptSinceMs: number | null = null;

  constructor(each: readonly Small[]) {
    super(two);
    this.#smalls = each;
  }

  /** How long the big one was passed, and for how long room was kept for it then, until it started; `null` if it never was. */
  play(big: { readonly cpu: number; readonly expectedMs: number }): { passedForMs: number; keptForMs: number } | null {
    for (; this.#nowMs < 10 * stepMs; this.#nowMs += stepMs) this.#step();
    this.add("big", "b/w/p", { demand: { cpu: big.cpu, memory: 8 }, expectedMs: big.expectedMs });
    for (; this.#nowMs < 10 * patienceMs && !this.#running.has("big"); this.#nowMs += stepMs) this.#step();
    if (this.#keptSinceMs === null) return null;
    const passedSinceMs = this.#passedSinceMs ?? this.#keptSinceMs;
    return {
      passedForMs: this.#keptSinceMs - passedSinceMs,
      keptForMs: this.#nowMs - stepMs - this.#keptSinceMs,
    };
  }

  #step(): void {
    for (const [id, { endsAtMs }] of this.#running) {
      if (endsAtMs > this.#nowMs) continue;
      this.#running.delete(id);
      this.scheduler.ended(id);
    }
    while (this.scheduler.waitingCount < 20) {
      const { cpu, steps } = this.#smalls[this.#count % this.#smalls.length] as Small;
      this.add(`small${this.#count++}`, "a/w/p", { demand: { cpu, memory: 0 }, expectedMs: steps * stepMs });
    }
    for (let next = this.scheduler.next(this.#nowMs); next; next = this.scheduler.next(this.#nowMs)) {
      this.#running.set(next.id, { endsAtMs: this.#nowMs + next.expectedMs });
      if (this.scheduler.state().patience?.taskId !== "big") continue;
      this.#passedSinceMs ??= this.#nowMs;
      this.passedCost += this.scheduler.runOf(next.id)?.cost ?? 0;
    }
    const patience = this.scheduler.state().patience;
    if (patience?.taskId !== "big") return;
    const isOver = patience.passedForMs >= patienceMs || patience.passedCost >= patience.allowedCost;
    if (isOver) this.#keptSinceMs ??= this.#nowMs;
  }
}

it("lets others pass a task that is too big for what is free until they were charged as much, and starts it when those have ended", () => {
  let kept = 0;
  fc.assert(
    fc.property(smalls, bigCpu, fc.constantFrom(1000, 4000), (each, cpu, expectedMs) => {
      const server = new CrowdedServer(each);
      const played = server.play({ cpu, expectedMs });
      expect(server.scheduler.isRunning("big")).toBe(true);
      expect(server.passedCost).toBeLessThan(expectedMs + mostCost);
      if (played === null) return;
      kept++;
      expect(played.passedForMs).toBeLessThan(patienceMs);
      expect(played.keptForMs).toBeLessThanOrEqual(longestMs);
    }),
    { seed: 101, numRuns: 50 },
  );
  expect(kept).toBeGreaterThan(25);
});

it("lets others pass one that will be charged far more for 30 s, and starts it when those have ended that ran then", () => {
  let kept = 0;
  fc.assert(
    fc.property(smalls, bigCpu, (each, cpu) => {
      const server = new CrowdedServer(each);
      const played = server.play({ cpu, expectedMs: 1e9 });
      expect(server.scheduler.isRunning("big")).toBe(true);
      if (played === null) return;
      kept++;
      expect(played.passedForMs).toBe(patienceMs);
      expect(played.keptForMs).toBeLessThanOrEqual(longestMs);
    }),
    { seed: 102, numRuns: 100 },
  );
  expect(kept).toBeGreaterThan(20);
});
