import { limits } from "@quarterdeck/core/protocol/limits";
import { minuteMs } from "@quarterdeck/core/units";
import { expect, test } from "vitest";
import { goodConduct, quarantineLeftMs, strike, type Conduct } from "./quarantine.ts";

const strikes = (conduct: Conduct, ...timesMs: number[]) => timesMs.reduce(strike, conduct);
const start = 100 * minuteMs;

test("[W1] the third strike within ten minutes is a quarantine, a slow third is not", () => {
  expect(quarantineLeftMs(strikes(goodConduct, start, start + 1), start + 2)).toBe(0);
  expect(quarantineLeftMs(strikes(goodConduct, start, start + 1, start + 2), start + 2)).toBe(minuteMs);
  const slow = strikes(goodConduct, start, start + 9 * minuteMs, start + 18 * minuteMs);
  expect(quarantineLeftMs(slow, start + 18 * minuteMs)).toBe(0);
});

test("[W1] each quarantine is longer than the last, up to 15 minutes; a long peace is forgiveness", () => {
  let conduct = goodConduct;
  let nowMs = start;
  const lasted = Array.from({ length: 6 }, () => {
    conduct = strikes(conduct, nowMs, nowMs, nowMs);
    const leftMs = quarantineLeftMs(conduct, nowMs);
    nowMs += leftMs;
    return leftMs / minuteMs;
  });
  expect(lasted).toEqual([1, 2, 4, 8, 15, 15]);
  nowMs += 61 * minuteMs;
  expect(quarantineLeftMs(strikes(conduct, nowMs, nowMs, nowMs), nowMs)).toBe(minuteMs);
});

test("[F7] a clock that steps back ten years makes no quarantine of ten years", () => {
  const conduct = strikes(goodConduct, start, start, start);
  expect(quarantineLeftMs(conduct, 0)).toBe(limits.longestQuarantineMs);
});
