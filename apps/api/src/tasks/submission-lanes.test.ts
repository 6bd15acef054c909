import { expect, test } from "vitest";
import { SubmissionLanes } from "./submission-lanes.ts";

test("what entered first proceeds first, and a failure in front holds nobody up", async () => {
  const lanes = new SubmissionLanes();
  const slow = Promise.withResolvers<string>();
  const failing = Promise.withResolvers<string>();
  const seen: string[] = [];
  const proceed = async (text: string) => void seen.push(text);
  const all = Promise.allSettled([
    lanes.enter("a", slow.promise, proceed),
    lanes.enter("a", failing.promise, proceed),
    lanes.enter("a", Promise.resolve("third"), proceed),
    lanes.enter("b", Promise.resolve("other lane"), proceed),
  ]);
  failing.reject(new Error("cannot sign"));
  await expect.poll(() => seen).toEqual(["other lane"]);
  slow.resolve("first");
  expect((await all).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  expect(seen).toEqual(["other lane", "first", "third"]);
});
