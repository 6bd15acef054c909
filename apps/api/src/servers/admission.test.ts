import { expect, test } from "vitest";
import { admissionOf } from "./admission.ts";

const drained = { cordonedAtMs: 1, drainingSinceMs: 1, cordonTakenAtMs: 2, openRuns: 0 };

test("a server is drained when the relay holds the cordon and nothing that it was to hold goes on", () => {
  expect(admissionOf(drained)).toBe("drained");
  expect(admissionOf({ ...drained, openRuns: 1 })).toBe("draining");
  expect(admissionOf({ ...drained, cordonTakenAtMs: null })).toBe("draining");
  expect(admissionOf({ ...drained, drainingSinceMs: null })).toBe("cordoned");
  expect(admissionOf({ ...drained, cordonedAtMs: null })).toBe("open");
});
