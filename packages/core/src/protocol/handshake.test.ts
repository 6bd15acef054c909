import { describe, expect, it } from "vitest";
import { refuseSchema, welcomeBodySchema } from "./handshake.ts";
import { limits } from "./limits.ts";

const refusal = { type: "refuse", code: "RATE_LIMITED", message: "later" };
const welcome = {
  helloHash: "h",
  protocol: { major: 1, minor: 0 },
  epoch: 1,
  received: { results: 0 },
  credit: { outputBytes: 1, results: 1 },
  heartbeatMs: limits.heartbeatMs,
  spreadMs: 0,
  relayTimeMs: 0,
};

describe("times that a relay tells a bridge", () => {
  it("are bounded in a refusal: nobody is sent away for longer than a quarter of an hour [W1]", () => {
    const isValid = (retryAfterMs: number | null) => refuseSchema.safeParse({ ...refusal, retryAfterMs }).success;
    expect([null, 0, limits.longestQuarantineMs, limits.longestRetryMs].map(isValid)).toEqual([true, true, true, true]);
    for (const retryAfterMs of [limits.longestRetryMs + 1, 2 ** 31 - 1, 2 ** 31, Number.MAX_SAFE_INTEGER, -1])
      expect(isValid(retryAfterMs)).toBe(false);
  });

  it("are bounded in a welcome: a heartbeat comes before a bridge counts as offline, and a return within the longest spread [W1]", () => {
    const isValid = (changes: object) => welcomeBodySchema.safeParse({ ...welcome, ...changes }).success;
    expect(isValid({})).toBe(true);
    expect(isValid({ heartbeatMs: limits.silenceMs, spreadMs: limits.longestSpreadMs })).toBe(true);
    for (const changes of [
      { heartbeatMs: limits.silenceMs + 1 },
      { heartbeatMs: 2 ** 31 },
      { heartbeatMs: 0 },
      { spreadMs: limits.longestSpreadMs + 1 },
      { spreadMs: 2 ** 31 },
    ])
      expect(isValid(changes)).toBe(false);
  });
});
