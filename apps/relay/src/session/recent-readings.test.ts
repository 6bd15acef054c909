import { decodeReadings, encodeReadings } from "@quarterdeck/core/protocol/compact-readings";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sample } from "../../test/output-source.ts";
import { RecentReadings } from "./recent-readings.ts";

test("keeps the newest readings in their order, some minutes of them and not much more, whoever asks in between", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 120 }), fc.boolean()), { maxLength: 30 }), (story) => {
      const recent = new RecentReadings();
      let sent = 0;
      for (const [count, isAsked] of story) {
        recent.add(encodeReadings(Array.from({ length: count }, () => ({ ...sample, atMs: ++sent }))));
        if (isAsked) recent.packed();
      }
      const times = decodeReadings(recent.packed()).map(({ atMs }) => atMs);
      expect(times).toEqual(Array.from({ length: times.length }, (_, i) => sent - times.length + 1 + i));
      expect(times.length).toBeGreaterThanOrEqual(Math.min(sent, 360));
      expect(times.length).toBeLessThan(360 + 120);
    }),
  );
});
