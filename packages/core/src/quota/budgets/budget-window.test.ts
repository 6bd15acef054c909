import fc from "fast-check";
import { expect, it } from "vitest";
import { dayMs, hourMs, minuteMs } from "../../units.ts";
import { windowAt, windowFrom, windowRuleSchema } from "./budget-window.ts";

const zones = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/St_Johns", // went back from 00:01 to 23:01 of the day before, until 2011
  "America/Sao_Paulo", // went forward at midnight, until 2018
  "Africa/Cairo",
  "Africa/Casablanca", // two changes within a month, each year
  "Asia/Beirut",
  "Asia/Kathmandu",
  "Australia/Lord_Howe", // half an hour
  "Pacific/Apia", // had no 30 December 2011
  "Pacific/Chatham",
  "Pacific/Kiritimati",
];
const zone = fc.constantFrom(...zones);
const period = fc.constantFrom("day" as const, "month" as const);
const moment = fc.integer({ min: Date.UTC(1995, 0, 1), max: Date.UTC(2040, 0, 1) });
const formats = new Map(
  zones.map((timeZone) => [
    timeZone,
    new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" }),
  ]),
);

/** The date in a zone as the platform says it, for comparison. */
function nameAt(timeZone: string, period: "day" | "month", atMs: number): string {
  return (formats.get(timeZone)?.format(atMs) ?? "").slice(0, period === "day" ? 10 : 7);
}

it("gives each moment one window, the date's own, that begins where the one before ended", () => {
  fc.assert(
    fc.property(zone, period, moment, (timeZone, period, atMs) => {
      const rule = { timeZone, period };
      const window = windowAt(rule, atMs);
      expect(window.startMs).toBeLessThanOrEqual(atMs);
      expect(window.endMs).toBeGreaterThan(atMs);
      expect(nameAt(timeZone, period, window.startMs)).toBe(window.name);
      expect(nameAt(timeZone, period, window.endMs) > window.name).toBe(true);
      expect(nameAt(timeZone, period, window.startMs - 1) < window.name).toBe(true);
      // Where clocks went back across midnight, a moment may have the date of the window before.
      expect(nameAt(timeZone, period, atMs) <= window.name).toBe(true);
      for (const inside of [window.startMs, window.endMs - 1]) expect(windowAt(rule, inside)).toEqual(window);
      expect(windowAt(rule, window.endMs).startMs).toBe(window.endMs);
      expect(windowAt(rule, window.startMs - 1).endMs).toBe(window.startMs);
      expect(windowFrom(rule, window.startMs)).toEqual(window);
    }),
    { numRuns: 300 },
  );
});

const hours = (timeZone: string, at: string) => {
  const { startMs, endMs } = windowAt({ timeZone, period: "day" }, Date.parse(at));
  return (endMs - startMs) / hourMs;
};

it("has days of 23, 24 and 25 hours, and others", () => {
  expect(hours("Europe/Berlin", "2026-03-29T12:00:00Z")).toBe(23);
  expect(hours("Europe/Berlin", "2026-10-25T12:00:00Z")).toBe(25);
  expect(hours("Europe/Berlin", "2026-11-22T12:00:00Z")).toBe(24);
  expect(hours("America/Sao_Paulo", "2018-11-04T12:00:00Z")).toBe(23);
  expect(hours("Australia/Lord_Howe", "2026-04-04T16:00:00Z")).toBe(24.5);
  expect(hours("UTC", "2026-03-29T12:00:00Z")).toBe(24);
});

it("ends a month where the next begins, whatever its length", () => {
  const name = (at: string) => {
    const { startMs, endMs, name } = windowAt({ timeZone: "Europe/Berlin", period: "month" }, Date.parse(at));
    return [name, new Date(startMs).toISOString(), new Date(endMs).toISOString()];
  };
  expect(name("2028-02-29T12:00:00Z")).toEqual(["2028-02", "2028-01-31T23:00:00.000Z", "2028-02-29T23:00:00.000Z"]);
  expect(name("2026-03-31T21:59:59Z")).toEqual(["2026-03", "2026-02-28T23:00:00.000Z", "2026-03-31T22:00:00.000Z"]);
  expect(name("2026-03-31T22:00:00Z")).toEqual(["2026-04", "2026-03-31T22:00:00.000Z", "2026-04-30T22:00:00.000Z"]);
  expect(name("2026-12-31T23:30:00Z")).toEqual(["2027-01", "2026-12-31T23:00:00.000Z", "2027-01-31T23:00:00.000Z"]);
});

it("does not interrupt a day that has begun when the clocks go back across midnight", () => {
  // 2010-11-07 in St John's began at 02:30 UTC and one minute later it was 23:01 of the day before again.
  const rule = { timeZone: "America/St_Johns", period: "day" } as const;
  const began = Date.parse("2010-11-07T02:30:00Z");
  expect(windowAt(rule, began - 1).name).toBe("2010-11-06");
  expect(windowAt(rule, began)).toMatchObject({ name: "2010-11-07", startMs: began });
  expect(windowAt(rule, began + minuteMs)).toMatchObject({ name: "2010-11-07", startMs: began });
  expect(windowAt(rule, began + hourMs)).toMatchObject({ name: "2010-11-07", startMs: began });
});

it("skips a day that a zone did not have", () => {
  const rule = { timeZone: "Pacific/Apia", period: "day" } as const;
  const before = windowAt(rule, Date.parse("2011-12-30T09:00:00Z"));
  expect(before).toMatchObject({ name: "2011-12-29", endMs: Date.parse("2011-12-30T10:00:00Z") });
  expect(windowAt(rule, before.endMs)).toMatchObject({ name: "2011-12-31", startMs: before.endMs });
});

it("has no window shorter than a day or a month when zones change, and none of two months", () => {
  fc.assert(
    fc.property(zone, zone, period, moment, (from, to, period, atMs) => {
      const { endMs: startMs } = windowAt({ timeZone: from, period }, atMs);
      const window = windowFrom({ timeZone: to, period }, startMs);
      const days = (window.endMs - startMs) / dayMs;
      expect(window.startMs).toBe(startMs);
      expect(days).toBeGreaterThanOrEqual(period === "day" ? 23 / 24 : 26);
      expect(days).toBeLessThan(period === "day" ? 2.1 : 33);
      expect(windowAt({ timeZone: to, period }, window.endMs).startMs).toBe(window.endMs);
      expect(window.name).toBe(nameAt(to, period, window.endMs - 1));
    }),
  );
});

it("goes on to the end of the next day when the rest of this one is short", () => {
  const end = windowAt({ timeZone: "Europe/Berlin", period: "day" }, Date.parse("2026-11-22T12:00:00Z")).endMs;
  expect(windowFrom({ timeZone: "America/New_York", period: "day" }, end)).toEqual({
    name: "2026-11-23",
    startMs: Date.parse("2026-11-22T23:00:00Z"),
    endMs: Date.parse("2026-11-24T05:00:00Z"),
  });
});

it("takes a day of 23 hours for a whole one", () => {
  const rule = { timeZone: "Europe/Berlin", period: "day" } as const;
  const window = windowAt(rule, Date.parse("2026-03-29T12:00:00Z"));
  expect(windowFrom(rule, window.startMs)).toEqual(window);
  expect(windowFrom(rule, window.startMs + 1)).toMatchObject({ name: "2026-03-30", startMs: window.startMs + 1 });
});

it("takes names of zones and nothing else", () => {
  const isZone = (timeZone: unknown) => windowRuleSchema.safeParse({ period: "day", timeZone }).success;
  for (const good of [...zones, "Etc/GMT+5"]) expect(isZone(good)).toBe(true);
  for (const bad of ["", "Mars/Base", "+03:00", "-05:00", "Europe/Berlin ", " UTC", "local", 3, null]) {
    expect(isZone(bad)).toBe(false);
  }
  expect(windowRuleSchema.safeParse({ period: "week", timeZone: "UTC" }).success).toBe(false);
  for (const bad of [Number.NaN, Infinity, -Infinity, 9e15]) {
    expect(() => windowAt({ period: "day", timeZone: "UTC" }, bad)).toThrow(RangeError);
  }
  expect(windowAt({ period: "day", timeZone: "UTC" }, 0.5).name).toBe("1970-01-01");
  expect(windowAt({ period: "day", timeZone: "UTC" }, -0.5).name).toBe("1969-12-31");
});
