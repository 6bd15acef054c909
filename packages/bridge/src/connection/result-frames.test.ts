import type { BridgeToRelay } from "@quarterdeck/core/protocol/bridge-to-relay";
import { encodeFrame } from "@quarterdeck/core/protocol/codec";
import fc from "fast-check";
import { expect, it } from "vitest";
import { splitResults } from "./result-frames.ts";

type BridgeResults = Extract<BridgeToRelay, { type: "results" }>;

function resultsFrame(items: BridgeResults["items"]): BridgeResults {
  return { type: "results", epoch: 1, items };
}

it("keeps every result, in order, in frames that are not too large", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 120_000 }), { maxLength: 40 });
  fc.assert(
    fc.property(sizes, (lengths) => {
      const results = lengths.map((length, index) => ({
        seq: index + 1,
        signed: "\\".repeat(length),
        signature: "s".repeat(86),
      }));
      const frames = [...splitResults(results)];
      expect(frames.flat()).toEqual(results);
      for (const items of frames) if (items.length > 1) expect(() => encodeFrame(resultsFrame(items))).not.toThrow();
    }),
    { numRuns: 30 },
  );
});
