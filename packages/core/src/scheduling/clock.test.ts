import fc from "fast-check";
import { expect, it } from "vitest";
import { histories, Player } from "./random-history.ts";
import { TestServer } from "./test-server.ts";

const times = fc.array(fc.oneof(fc.integer(), fc.constantFrom(0, -1e15, 1e15, 2 ** 53 - 1)), {
  minLength: 1,
  maxLength: 20,
});

it("starts the same in the same order whatever the clock says, as long as nobody waits for room", () => {
  fc.assert(
    fc.property(histories({ without: ["wait"] }), times, (history, clock) => {
      const patienceMs = Number.POSITIVE_INFINITY;
      const still = new Player(history, new TestServer(history.nodes, { patienceMs }).scheduler);
      const wild = new Player(history, new TestServer(history.nodes, { patienceMs }).scheduler);
      for (const [i, step] of history.steps.entries()) {
        wild.nowMs = clock[i % clock.length] as number;
        expect(wild.play(step)).toBe(still.play(step));
      }
    }),
    { seed: 61, numRuns: 100 },
  );
});

it("counts one step of ten seconds at most for a jump of the clock, and never takes patience back", () => {
  let countedMs = 0;
  fc.assert(
    fc.property(histories({ without: ["wait"] }), times, (history, clock) => {
      const { scheduler } = new TestServer(history.nodes);
      const player = new Player(history, scheduler);
      for (const [i, step] of history.steps.entries()) {
        const before = scheduler.state().patience;
        player.nowMs = clock[i % clock.length] as number;
        player.play(step.do === "startAll" ? { do: "next" } : step);
        const after = scheduler.state().patience;
        if (before === null || after?.taskId !== before.taskId) continue;
        const grown = after.passedForMs - before.passedForMs;
        countedMs += grown;
        expect(grown).toBeGreaterThanOrEqual(0);
        expect(grown).toBeLessThanOrEqual(10_000);
      }
    }),
    { seed: 62, numRuns: 200 },
  );
  expect(countedMs).toBeGreaterThan(0);
});
