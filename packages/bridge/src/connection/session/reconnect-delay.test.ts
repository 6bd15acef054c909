import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reconnectDelay } from "./reconnect-delay.ts";

const close = { closeCode: 1006, failures: 0, spreadMs: 2000, retryAfterMs: null, random: 0.5 };

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

  it.each([4401, 4403, 4406])("tries again in a quarter of an hour after %d [F11]", (closeCode) => {
    expect(reconnectDelay({ ...close, closeCode })).toBe(900_000);
  });

  it("stops when another bridge took over", () => {
    expect(reconnectDelay({ ...close, closeCode: 4009 })).toBeUndefined();
  });
});
