import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reconnectDelay } from "./reconnect-delay.ts";

const close = {
  closeCode: 1006,
  isProved: false,
  failures: 0,
  refusedForMs: 0,
  spreadMs: 2000,
  retryAfterMs: null,
  random: 0.5,
};

describe("reconnecting", () => {
  it("spreads the first attempt over what the relay said", () => {
    expect(reconnectDelay(close)).toBe(1000);
    expect(reconnectDelay({ ...close, spreadMs: 30_000, random: 1 })).toBe(30_000);
  });

  it("backs off with full jitter up to a minute [F12]", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, random) => {
          const delay = reconnectDelay({ ...close, failures, random }) ?? -1;
          expect(delay).toBeGreaterThanOrEqual(0);
          expect(delay).toBeLessThanOrEqual(Math.min(60_000, 500 * 2 ** Math.min(failures, 20)));
        },
      ),
    );
  });

  it("waits at least as long as the relay asked", () => {
    expect(reconnectDelay({ ...close, random: 0, retryAfterMs: 5000 })).toBe(5000);
  });

  it.each([4401, 4403, 4406])(
    "tries again in a quarter of an hour after %d by a relay that proved itself [F11]",
    (closeCode) => {
      expect(reconnectDelay({ ...close, isProved: true, closeCode })).toBe(900_000);
    },
  );

  it.each([4401, 4403, 4406])(
    "comes to a quarter of an hour by and by where nobody proved who answers with %d [F11] [W4]",
    (closeCode) => {
      let refusedForMs = 0;
      const delays = Array.from({ length: 6 }, () => {
        const delayMs = reconnectDelay({ ...close, closeCode, refusedForMs }) ?? 0;
        refusedForMs += delayMs;
        return delayMs / 60_000;
      });
      expect(delays).toEqual([1, 2, 4, 8, 15, 15]);
    },
  );

  it("stops when another bridge took over, if a relay says so that proved itself, and for nobody else [W4]", () => {
    expect(reconnectDelay({ ...close, isProved: true, closeCode: 4009 })).toBeUndefined();
    expect(reconnectDelay({ ...close, isProved: false, closeCode: 4009 })).toBe(1000);
  });

  it("never waits longer than a quarter of an hour, whatever it is told [W4]", () => {
    const inputs = fc.record({
      closeCode: fc.oneof(fc.constantFrom(1006, 4401, 4403, 4406, 4429), fc.integer({ min: 1000, max: 4999 })),
      isProved: fc.boolean(),
      failures: fc.nat(),
      refusedForMs: fc.nat(),
      spreadMs: fc.nat(2 ** 33),
      retryAfterMs: fc.option(fc.nat(2 ** 33)),
      random: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(inputs, (one) => {
        const delayMs = reconnectDelay(one);
        if (delayMs === undefined) expect(one).toMatchObject({ isProved: true, closeCode: 4009 });
        expect(delayMs ?? 0).toBeGreaterThanOrEqual(0);
        expect(delayMs ?? 0).toBeLessThanOrEqual(900_000);
      }),
    );
  });
});
