import fc from "fast-check";
import { expect, test } from "vitest";
import { takeInOrder } from "./results-intake.ts";

test("known results are dropped, new ones are taken in order, a hole is refused", () => {
  expect(takeInOrder(3, [{ seq: 2 }, { seq: 3 }, { seq: 4 }, { seq: 5 }])).toEqual({
    ok: true,
    value: { fresh: [{ seq: 4 }, { seq: 5 }], through: 5 },
  });
  expect(takeInOrder(3, [{ seq: 1 }])).toEqual({ ok: true, value: { fresh: [], through: 3 } });
  expect(takeInOrder(3, [{ seq: 5 }]).ok).toBe(false);
});

test("[W1] whatever comes, nothing is acknowledged that was not taken", () => {
  fc.assert(
    fc.property(fc.nat(20), fc.array(fc.record({ seq: fc.integer({ min: 1, max: 30 }) })), (received, items) => {
      const intake = takeInOrder(received, items);
      if (!intake.ok) return;
      const numbers = intake.value.fresh.map((item) => item.seq);
      expect(numbers).toEqual(numbers.map((_, index) => received + index + 1));
      expect(intake.value.through).toBe(received + numbers.length);
    }),
  );
});
