import fc from "fast-check";
import { expect, it } from "vitest";
import type { FairScheduler } from "./fair-scheduler.ts";
import { histories, Player } from "./random-history.ts";
import { TestServer } from "./test-server.ts";

/** What then happens when nothing new comes and every run takes as long as expected: who starts when. */
function goOn(scheduler: FairScheduler, nowMs: number): { readonly id: string; readonly inMs: number }[] {
  const running = scheduler.state().tasks.flatMap(({ id, expectedMs, run }) =>
    // One that is late is expected to need another second.
    run === null ? [] : [{ id, endsAtMs: Math.max(nowMs + 1000, run.startedAtMs + expectedMs) }],
  );
  const starts: { readonly id: string; readonly inMs: number }[] = [];
  for (let atMs = nowMs; ; ) {
    for (let next = scheduler.next(atMs); next; next = scheduler.next(atMs)) {
      starts.push({ id: next.id, inMs: atMs - nowMs });
      running.push({ id: next.id, endsAtMs: atMs + Math.max(1, next.expectedMs) });
    }
    const first = running.toSorted((a, b) => a.endsAtMs - b.endsAtMs)[0];
    if (first === undefined) return starts;
    running.splice(running.indexOf(first), 1);
    atMs = Math.max(atMs, first.endsAtMs);
    scheduler.ended(first.id);
  }
}

it("foretells position and time exactly, when no run takes longer or shorter and nothing new overtakes", () => {
  fc.assert(
    fc.property(histories({ maxLength: 60 }), (history) => {
      const { scheduler } = new TestServer(history.nodes);
      const player = new Player(history, scheduler);
      for (const step of history.steps) player.play(step);
      const before = structuredClone(scheduler.state());
      const said = player.waiting.map((id) => ({ id, explanation: scheduler.explain(id, player.nowMs) }));
      expect(structuredClone(scheduler.state())).toEqual(before);
      const starts = goOn(scheduler, player.nowMs);
      for (const { id, explanation } of said) {
        const index = starts.findIndex((start) => start.id === id);
        const came = index < 0 ? null : { position: index + 1, startsInMs: starts[index]?.inMs };
        if (!explanation.ok) expect.fail(explanation.error.message);
        const { position, estimate } = explanation.value;
        const foretold = position === null ? null : { position, startsInMs: estimate?.startsInMs };
        expect({ id, ...foretold }).toEqual({ id, ...came });
      }
    }),
    { seed: 71, numRuns: 200 },
  );
});
