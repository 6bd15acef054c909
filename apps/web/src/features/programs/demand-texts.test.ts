import { expect, test } from "vitest";
import { noDemandTexts, readDemand, usualDemandTexts } from "./demand-texts.ts";

test("a demand is read as people write it, and what is empty stays as usual", () => {
  expect(readDemand(noDemandTexts)).toEqual({ ok: true, value: null });
  expect(readDemand({ cpu: " 1.5 ", memory: "" })).toEqual({ ok: true, value: { cpu: 1500 } });
  expect(readDemand({ cpu: "500m", memory: "2 GiB" })).toEqual({ ok: true, value: { cpu: 500, memory: 2 ** 31 } });
  expect(usualDemandTexts).toEqual({ cpu: "0.4", memory: "512Mi" });
});

test("what is no amount, or one that no run may have, is said at its field", () => {
  expect(readDemand({ cpu: "much", memory: "1" })).toMatchObject({
    ok: false,
    errors: { cpu: expect.stringContaining("much"), memory: "memory: write something from 16Mi to 16Ti." },
  });
  expect(readDemand({ cpu: "5000", memory: "" })).toEqual({
    ok: false,
    errors: { cpu: "cpu: write something from 10m to 1024." },
  });
});
