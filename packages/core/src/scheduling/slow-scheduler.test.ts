import fc from "fast-check";
import { expect, it } from "vitest";
import type { Vector } from "../quota/amounts.ts";
import { histories, Player } from "./random-history.ts";
import { SlowScheduler } from "./slow-scheduler.ts";
import { TestServer } from "./test-server.ts";

it.each([
  { what: "tasks of all kinds", options: {}, seeds: [4] },
  {
    what: "ordered tasks that change their band, are set aside and taken out",
    options: { isOrderMixed: true, oftener: ["band", "suspend", "remove"] },
    seeds: [4],
  },
  { what: "starts that are taken back, and other demands", options: { oftener: ["putBack", "demand"] }, seeds: [13] },
  {
    what: "starts of ordered tasks that are taken back",
    options: { isOrderMixed: true, oftener: ["putBack"] },
    seeds: [1],
  },
  {
    what: "nodes that move and are taken out",
    options: { isOrderMixed: true, oftener: ["move", "removeNode"] },
    seeds: [8, 27],
  },
] as const)("decides as the slow and obvious version does, and counts the same: $what", ({ options, seeds }) => {
  const decidesTheSame = fc.property(histories(options), (history) => {
    const server = new TestServer(history.nodes);
    const limits = new Map<string, Vector>();
    for (const { id } of server.quotas.nodes()) limits.set(id, server.quotas.find(id)?.limit.slice() as Vector);
    const slow = new SlowScheduler(limits, 30_000);
    const real = new Player(history, server.scheduler);
    const model = new Player(history, slow);
    for (const step of history.steps) {
      const did = real.play(step);
      expect(model.play(step)).toBe(did);
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
  });
  for (const seed of seeds) fc.assert(decidesTheSame, { seed, numRuns: 150 });
});

function keyOf(path: readonly string[]): string {
  return path.map((id) => `>${id}`).join("");
}
