import { expect, it } from "vitest";
import { AgreedTime } from "./agreed-time.ts";

it("is the lesser of both clocks, and nothing before the relay was heard [F7]", () => {
  const clock = { wallMs: 1000, upMs: 0, nowMs: () => clock.wallMs, monotonicMs: () => clock.upMs };
  const time = new AgreedTime(clock);
  expect(time.nowMs()).toBeNull();
  time.heard(1005);
  expect(time.nowMs()).toBe(1000);
  clock.upMs = 50;
  clock.wallMs = 315_360_000_000;
  expect(time.nowMs()).toBe(1055);
  clock.wallMs = 900;
  expect(time.nowMs()).toBe(900);
});
