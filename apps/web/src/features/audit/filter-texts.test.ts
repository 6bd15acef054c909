import { expect, it } from "vitest";
import { emptyFilter, exportUrl, toFilterInput } from "./filter-texts.ts";

it("asks only for what was filled in", () => {
  expect(toFilterInput(emptyFilter)).toEqual({});
  expect(toFilterInput({ ...emptyFilter, search: "  Ada  ", actor: " ", outcome: "refused" })).toEqual({
    search: "Ada",
    outcome: "refused",
  });
});

it("takes days as whole days where the person is", () => {
  const { fromMs, toMs } = toFilterInput({ ...emptyFilter, from: "2026-11-23", to: "2026-11-23" });
  expect([fromMs, toMs]).toEqual([new Date(2026, 10, 23).getTime(), new Date(2026, 10, 24).getTime()]);
  expect(toFilterInput({ ...emptyFilter, from: "soon" })).toEqual({});
});

it("exports what is listed", () => {
  expect(exportUrl("csv", { search: "a&b=c", fromMs: 5 })).toBe("/downloads/audit.csv?search=a%26b%3Dc&fromMs=5");
  expect(exportUrl("ndjson", {})).toBe("/downloads/audit.ndjson");
});
