import fc from "fast-check";
import { expect, it } from "vitest";
import { TestServer } from "./test-server.ts";

const two = { a: {}, "a/w": {}, "a/w/p": {}, b: {}, "b/w": {}, "b/w/p": {} };
const stepMs = 500;
const longestMs = 5000;
const mostMs = 30_000 + longestMs + stepMs;

it("starts a task that is too big for what is free once it was passed for 30 s and what ran then has ended", () => {
  const small = fc.record({
    cpu: fc.integer({ min: 1, max: 4 }),
    steps: fc.integer({ min: 1, max: longestMs / stepMs }),
  });
  fc.assert(
    fc.property(fc.array(small, { minLength: 50, maxLength: 50 }), fc.integer({ min: 5, max: 8 }), (smalls, cpu) => {
      const server = new TestServer(two);
      const endsAt = new Map<string, number>();
      let count = 0;
      let passedSinceMs: number | null = null;
      let waitedMs = 0;
      for (let nowMs = 0; waitedMs <= mostMs; nowMs += stepMs) {
        for (const [id, atMs] of endsAt) {
          if (atMs > nowMs) continue;
          endsAt.delete(id);
          server.scheduler.ended(id);
        }
        if (nowMs === 10 * stepMs) server.add("big", "b/w/p", { demand: { cpu, memory: 8 }, expectedMs: 1000 });
        // There is always more that fits than the server has room for.
        while (server.scheduler.waitingCount < 20) {
          const { cpu: needed, steps } = smalls[count % smalls.length] as { cpu: number; steps: number };
          server.add(`${steps} ${count++}`, "a/w/p", {
            demand: { cpu: needed, memory: 0 },
            expectedMs: steps * stepMs,
          });
        }
        let isStarted = false;
        for (let next = server.scheduler.next(nowMs); next; next = server.scheduler.next(nowMs)) {
          endsAt.set(next.id, nowMs + next.expectedMs);
          if (next.id === "big") isStarted = true;
          else if (server.scheduler.state().patience?.taskId === "big") passedSinceMs ??= nowMs;
        }
        if (isStarted) break;
        if (passedSinceMs !== null) waitedMs = nowMs - passedSinceMs;
      }
      expect(waitedMs).toBeLessThanOrEqual(mostMs);
    }),
    { seed: 101, numRuns: 50 },
  );
});
