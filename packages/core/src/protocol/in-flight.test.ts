import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesInFlight, stillInFlight, takeFitting, type Flight } from "./in-flight.ts";

test("what is on the way is never more than the window and one item, and everything arrives in order (PROTOCOL 4.8)", () => {
  const windowBytes = 100;
  const sizes = fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: 40 });
  fc.assert(
    fc.property(sizes, fc.array(fc.nat(40), { maxLength: 60 }), (bytes, acknowledgements) => {
      const items = bytes.map((size, index) => ({ seq: index + 1, size }));
      let flights: readonly Flight[] = [];
      let sent = 0;
      let acknowledged = 0;
      const send = () => {
        const taken = takeFitting(items.slice(sent), windowBytes - bytesInFlight(flights), ({ size }) => size);
        if (taken.length === 0) return;
        sent += taken.length;
        flights = [...flights, { through: sent, bytes: taken.reduce((sum, { size }) => sum + size, 0) }];
        expect(taken.map(({ seq }) => seq).at(-1)).toBe(sent);
        expect(bytesInFlight(flights)).toBeLessThan(windowBytes + 150);
      };
      const acknowledge = (through: number) => {
        acknowledged = Math.max(acknowledged, Math.min(sent, through));
        flights = stillInFlight(flights, acknowledged);
        send();
      };
      send();
      for (const through of acknowledgements) acknowledge(through);
      for (let last = -1; last !== sent; ) {
        last = sent;
        acknowledge(sent);
      }
      expect(sent).toBe(items.length);
      expect(flights).toEqual([]);
    }),
  );
});
