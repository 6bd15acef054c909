import { clearLength, sealedOverheadBytes } from "@quarterdeck/core/protocol/content-format";
import { limits } from "@quarterdeck/core/protocol/limits";
import fc from "fast-check";
import { expect, test } from "vitest";
import { spendCredit } from "./output-credit.ts";

test("[W1] output beyond the credit is refused; what was used comes back at half and is never more than was given", () => {
  expect(spendCredit(10, 11).ok).toBe(false);
  const pieces = fc.array(fc.integer({ min: 0, max: limits.outputChunkBytes }), { maxLength: 200 });
  fc.assert(
    fc.property(pieces, (sizes) => {
      let relays: number = limits.outputCreditBytes;
      let bridges: number = limits.outputCreditBytes;
      for (const size of sizes) {
        const spent = spendCredit(relays, size);
        if (!spent.ok) throw new Error(spent.error.message);
        relays = spent.value.available;
        bridges = bridges - size + spent.value.refill;
        // Both ends count the same, and more than half is always there for the bridge.
        expect(bridges).toBe(relays);
        expect(relays).toBeGreaterThan(limits.outputCreditBytes / 2);
        expect(relays).toBeLessThanOrEqual(limits.outputCreditBytes);
      }
    }),
  );
});

test("the clear length of sealed content is counted without decoding it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
      const sealed = Buffer.concat([Buffer.alloc(sealedOverheadBytes), bytes]).toString("base64");
      expect(clearLength(sealed)).toBe(bytes.length);
    }),
  );
});
