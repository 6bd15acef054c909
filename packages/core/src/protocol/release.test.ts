import fc from "fast-check";
import { expect, it } from "vitest";
import { missingAbilities } from "./features.ts";
import { bridgeVersionSchema, compareBridgeVersions } from "./release.ts";

const number = fc.integer({ min: 0, max: 999_999 });

it("orders versions by their numbers", () => {
  fc.assert(
    fc.property(fc.tuple(number, number, number), fc.tuple(number, number, number), (a, b) => {
      const byNumbers = a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
      expect(Math.sign(compareBridgeVersions(a.join("."), b.join(".")))).toBe(Math.sign(byNumbers));
    }),
  );
});

it.each(["1", "1.2", "1.2.3.4", "1.2.3-beta", "v1.2.3", "1.2.x", "../1.2.3", "1.2.3/..", "1.2.3\n"])(
  "[W1] takes no version like %j: it names a folder",
  (version) => expect(bridgeVersionSchema.safeParse(version).success).toBe(false),
);

it("[F11] says of a bridge from before features that it has none", () => {
  expect(missingAbilities({ actions: ["exec"] }, { actions: ["exec", "git.log"], features: ["drain"] })).toEqual({
    actions: ["git.log"],
    features: ["drain"],
  });
});
