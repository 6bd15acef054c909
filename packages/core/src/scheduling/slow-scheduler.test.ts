import fc from "fast-check";
import { expect, it } from "vitest";
import type { Vector } from "../quota/amounts.ts";
import { histories, Player } from "./random-history.ts";
import { SlowScheduler } from "./slow-scheduler.ts";
import { TestServer } from "./test-server.ts";

it("decides as the slow and obvious version does, and counts the same, whatever is done to it", () => {
  fc.assert(
    fc.property(histories(), (history) => {
      const server = new TestServer(history.nodes);
      const limits = new Map<string, Vector>();
      for (const id of server.quotas.ids()) limits.set(id, server.quotas.find(id)?.limit.slice() as Vector);
      const slow = new SlowScheduler(limits, 30_000);
      const real = new Player(history, server.scheduler);
      const model = new Player(history, slow);
      for (const step of history.steps) {
        const did = real.play(step);
        if (did !== model.play(step)) expect.fail(`${did} is not what the model did`);
        for (const { path, tag, virtual } of server.scheduler.state().shares) {
          const share = slow.shares.get(path.map((id) => `>${id}`).join(""));
          const isSame = (!share?.isOpen || tag === share.tag) && (!share?.isBusy || virtual === share.virtual);
          if (!isSame) expect.fail(`${path} has ${tag} and ${virtual}, not ${share?.tag} and ${share?.virtual}`);
        }
      }
    }),
    { seed: 4, numRuns: 100 },
  );
});
