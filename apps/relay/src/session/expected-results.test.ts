import { makeId } from "@quarterdeck/core/ids";
import { expect, test } from "vitest";
import { ExpectedResults } from "./expected-results.ts";

const runId = makeId("run", 1, new Uint8Array(16));
const started = { runId, isFinished: false };
const finished = { runId, isFinished: true };

test("[W1] a run that the bridge has is owed one start and one end, any other run nothing", () => {
  const expected = new ExpectedResults();
  expect([expected.take(started, true), expected.take(started, true)]).toEqual([true, false]);
  expect(expected.take(finished, true)).toBe(true);
  expect([expected.take(finished, false), expected.take(started, false)]).toEqual([false, false]);
});
