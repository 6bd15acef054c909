import { expect, test } from "vitest";
import { labelsSchema, maxLabels } from "./labels.ts";

test("labels are words or pairs of any script, each once", () => {
  expect(labelsSchema.parse([" region=eu ", "GPU", "gpu", "الخادم", "rack 4"])).toEqual([
    "region=eu",
    "gpu",
    "الخادم",
    "rack 4",
  ]);
});

test.each([
  ["nothing", [""]],
  ["a mark that turns text around", ["a\u202eb"]],
  ["an invisible character", ["a\u200bb"]],
  ["markup", ["<b>"]],
  ["one that is too long", ["x".repeat(41)]],
  ["too many", Array.from({ length: maxLabels + 1 }, (_, n) => `l${n}`)],
])("%s is no label", (_, labels) => {
  expect(labelsSchema.safeParse(labels).success).toBe(false);
});
