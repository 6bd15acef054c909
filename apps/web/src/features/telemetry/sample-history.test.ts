import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import fc from "fast-check";
import { expect, it } from "vitest";
import { addSamples, keptSamples, networkRates } from "./sample-history.ts";

const sample = (atMs: number, received = 0, sent = 0) =>
  ({ atMs, networkReceived: received, networkSent: sent }) as Sample;

it("keeps each moment once, in order, and the newest only", () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.nat(1000), { maxLength: 200 }), { maxLength: 8 }), (batches) => {
      const history = batches.reduce<readonly Sample[]>(
        (all, times) =>
          addSamples(
            all,
            [...new Set(times)].map((atMs) => sample(atMs)),
          ),
        [],
      );
      const times = history.map(({ atMs }) => atMs);
      expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
      expect(times.length).toBeLessThanOrEqual(keptSamples);
    }),
  );
});

it("works out rates from counters, and nothing when they started again", () => {
  expect(networkRates(sample(0, 100, 50), sample(2000, 300, 50))).toEqual({ received: 100, sent: 0 });
  expect(networkRates(sample(0, 100, 50), sample(2000, 10, 60))).toEqual({ received: null, sent: 5 });
  expect(networkRates(undefined, sample(1))).toEqual({ received: null, sent: null });
});
