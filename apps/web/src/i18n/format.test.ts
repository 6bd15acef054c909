import fc from "fast-check";
import { expect, it } from "vitest";
import {
  formatAgo,
  formatBytes,
  formatClock,
  formatCountdown,
  formatDuration,
  formatElapsed,
  formatRate,
  formatSpan,
} from "./format.ts";

it.each([
  [0, "0 bytes"],
  [1, "1 byte"],
  [1023, "1,023 bytes"],
  [1024, "1 kB"],
  [1536, "1.5 kB"],
  [64 * 1024, "64 kB"],
  [1024 * 1024 - 1, "1 MB"],
  [23.5 * 1024 ** 3, "23.5 GB"],
  [252 * 1024 ** 3, "252 GB"],
])("writes %d bytes as %s", (bytes, text) => {
  expect(formatBytes("en", bytes)).toBe(text);
});

it.each([
  [0, "0.0 sec"],
  [449, "0.4 sec"],
  [12_345, "12.3 sec"],
  [59_960, "1 min 0 sec"],
  [245_000, "4 min 5 sec"],
  [7_380_000, "2 hr 3 min"],
  [3_599_900, "1 hr 0 min"],
])("writes %d ms as %s", (ms, text) => {
  expect(formatDuration("en", ms)).toBe(text);
});

it("never writes sixty seconds or sixty minutes", () => {
  fc.assert(
    fc.property(fc.nat(10_000_000), (ms) => {
      expect(formatDuration("en", ms)).not.toMatch(/\b60(\.0)? /);
    }),
  );
});

it("writes what ticks in whole seconds, and a countdown as a clock", () => {
  expect(formatElapsed("en", 12_900)).toBe("12 sec");
  expect(formatCountdown("en", 15 * 60_000)).toBe("15:00");
  expect(formatCountdown("en", 61_001)).toBe("1:02");
  expect(formatCountdown("en", -5)).toBe("0:00");
});

it("writes how long ago, never in the future", () => {
  expect(formatAgo("en", 1000, 0)).toBeNull();
  expect(formatAgo("en", 0, 59_999)).toBeNull();
  expect(formatAgo("en", 0, 5 * 60_000)).toBe("5 minutes ago");
});

it("writes the day before as such, and the date when it was long ago", () => {
  const dayMs = 24 * 3_600_000;
  expect(formatAgo("en", 0, 1.5 * dayMs)).toBe("yesterday");
  expect(formatAgo("en", Date.UTC(2026, 0, 15), Date.UTC(2026, 0, 15) + 30 * dayMs)).toMatch(/^Jan 1\d, 2026$/);
});

it.each([
  [-5, "0 seconds"],
  [20_400, "20 seconds"],
  [60_000, "1 minute"],
  [7_300_000, "2 hours"],
  [90 * 24 * 3_600_000, "90 days"],
])("writes that something has been so for %d ms as %s", (ms, text) => {
  expect(formatSpan("en", ms)).toBe(text);
});

it.each([
  [0, "0 kB/s"],
  [732, "0.7 kB/s"],
  [1536, "1.5 kB/s"],
  [5 * 1024 ** 2, "5 MB/s"],
])("writes %d bytes a second as %s", (rate, text) => {
  expect(formatRate("en", rate)).toBe(text);
});

it("writes clock times of one width", () => {
  const atMs = new Date(2026, 0, 1, 0, 5, 9).getTime();
  expect(formatClock("en", atMs, false)).toBe("00:05");
  expect(formatClock("en", atMs, true)).toBe("00:05:09");
});

it("uses the digits of the language", () => {
  expect(formatBytes("ar-EG", 1536)).toContain("١٫٥");
});
