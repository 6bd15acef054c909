import fc from "fast-check";
import { expect, it } from "vitest";

it("gives each property without a seed of its own the one of the configuration, also where nothing is imported for it", () => {
  const seed = Number(process.env["QUARTERDECK_TEST_SEED"] ?? 20_261_122);
  expect(fc.check(fc.property(fc.nat(), () => true)).seed).toBe(seed);
});
