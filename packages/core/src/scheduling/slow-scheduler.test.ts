import fc from "fast-check";
import { expect, it } from "vitest";
import type { Vector } from "../quota/amounts.ts";
import { histories, Player } from "./random-history.ts";
import { SlowScheduler } from "./slow-scheduler.ts";
import { TestServer } from "./test-server.ts";

it.each([
  { what: "tasks of all kinds", isOrderMixed: false },
  { what: "ordered tasks that are moved, set aside and taken out", isOrderMixed: true },
])("decides as the slow and obvious version does, and counts the same: $what", ({ isOrderMixed }) => {
  fc.assert(
    fc.property(histories({ isOrderMixed }), (history) => {
      const server = new TestServer(history.nodes);
      const limits = new Map<string, Vector>();
      for (const id of server.quotas.ids()) limits.set(id, server.quotas.find(id)?.limit.slice() as Vector);
      const slow = new SlowScheduler(limits, 30_000);
      const real = new Player(history, server.scheduler);
      const model = new Player(history, slow);
      for (const step of history.steps) {
        const did = real.play(step);
        expect(did).toBe(model.play(step));
        const virtuals = new Map<string, number>();
        for (const { path, tag, virtual } of server.scheduler.state().shares) {
          const [key, above] = [keyOf(path), keyOf(path.slice(0, -1))];
          virtuals.set(key, virtual);
          const share = slow.shares.get(key);
          if (!share?.isOpen) continue;
          // The real one forgets nodes and begins anew with them: what counts is how far a node is from its siblings.
          const [ahead, modelAhead] = [
            tag - (virtuals.get(above) ?? 0),
            share.tag - (slow.shares.get(above)?.virtual ?? 0),
          ];
          if (ahead !== modelAhead) expect.fail(`${key} is ${ahead} ahead after ${did}, not ${modelAhead}`);
        }
      }
    }),
    { seed: 4, numRuns: 150 },
  );
});

function keyOf(path: readonly string[]): string {
  return path.map((id) => `>${id}`).join("");
}
