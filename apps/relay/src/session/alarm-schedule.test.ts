import { limits } from "@quarterdeck/core/protocol/limits";
import { hourMs } from "@quarterdeck/core/units";
import { expect, test } from "vitest";
import { nextAlarmMs, restartGraceMs, ticketMemoryMs } from "./alarm-schedule.ts";
import { retryDelayMs, retryDueMs } from "./report-backoff.ts";

const nothing = {
  oldestHandshakeMs: null,
  bridgeHeardMs: null,
  connectionGivenUpMs: null,
  reportsDueMs: null,
  renewalsDueMs: null,
  leasesDueMs: null,
  nextTicketExpiryMs: null,
  nextViewerExpiryMs: null,
};

test("[F10] with nothing to wait for there is no alarm", () => {
  expect(nextAlarmMs(nothing)).toBeNull();
});

test("the alarm rings for what comes first", () => {
  expect(nextAlarmMs({ ...nothing, oldestHandshakeMs: 1000 })).toBe(1000 + limits.handshakeStepMs);
  expect(nextAlarmMs({ ...nothing, bridgeHeardMs: 1000 })).toBe(1000 + limits.silenceMs);
  expect(nextAlarmMs({ ...nothing, connectionGivenUpMs: 1000 })).toBe(1000);
  expect(nextAlarmMs({ ...nothing, leasesDueMs: 1000 })).toBe(1000);
  expect(nextAlarmMs({ ...nothing, nextTicketExpiryMs: 1000 })).toBe(1000 + ticketMemoryMs);
  const many = { ...nothing, bridgeHeardMs: 1000, reportsDueMs: 5000, nextViewerExpiryMs: 4000 };
  expect(nextAlarmMs(many)).toBe(4000);
});

test("[F12] after a restart nobody is given up before the spread of the fleet and a handshake are over", () => {
  for (const spreadMs of [0, 2000, 30_000, limits.longestSpreadMs]) {
    expect(restartGraceMs(spreadMs)).toBeGreaterThanOrEqual(spreadMs + limits.handshakeStepMs);
  }
});

test("reports are tried again after 1 s, twice as long each time, and never less often than once a minute", () => {
  expect([1, 2, 3, 4, 7, 50, 5000].map(retryDelayMs)).toEqual([1000, 2000, 4000, 8000, 60_000, 60_000, 60_000]);
});

test("[F7] a try keeps its time, unless a clock that was ahead planned it: then it is due", () => {
  const nowMs = 1_000_000;
  for (const attempt of [1, 4, 50]) {
    const plannedMs = nowMs + retryDelayMs(attempt);
    expect(retryDueMs(plannedMs, nowMs)).toBe(plannedMs);
  }
  expect(retryDueMs(nowMs - 1, nowMs)).toBe(nowMs - 1);
  expect(retryDueMs(nowMs + hourMs, nowMs)).toBe(nowMs);
});
