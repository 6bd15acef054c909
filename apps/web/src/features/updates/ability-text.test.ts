import { actionNames } from "@quarterdeck/core/actions/catalogue";
import { bridgeFeatures } from "@quarterdeck/core/protocol/features";
import { expect, it } from "vitest";
import { english } from "../../i18n/english.ts";

it("has a text for everything that a bridge of this version can do", () => {
  expect(Object.keys(english.updates.action).sort()).toEqual(
    actionNames.map((name) => name.replaceAll(".", "-")).sort(),
  );
  expect(Object.keys(english.updates.feature).sort()).toEqual([...bridgeFeatures].sort());
});
