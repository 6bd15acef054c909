import { expect, test } from "vitest";
import { rateLimitFields, retryAfterField } from "./rate-limit-fields.ts";

test("the fields name each policy, what is left of it, and when there is more", () => {
  expect(
    rateLimitFields([
      { name: "user", perMinute: 100, remaining: 0, nextMs: 1001 },
      { name: "org", perMinute: 500, remaining: 500, nextMs: 0 },
    ]),
  ).toEqual({
    "ratelimit-policy": '"user";q=100;w=60, "org";q=500;w=60',
    ratelimit: '"user";r=0;t=2, "org";r=500',
  });
});

test("a wait is said in whole seconds, at least one", () => {
  expect([0, 1, 1000, 1001].map((ms) => retryAfterField(ms)["retry-after"])).toEqual(["1", "1", "1", "2"]);
});
