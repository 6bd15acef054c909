import { makeId } from "@quarterdeck/core/ids";
import { expect, test } from "vitest";
import { changesCallers, KnownCallers, knownForMs, type KnownCaller } from "./known-callers.ts";

const zero = new Uint8Array(16);
const hourMs = 3_600_000;

function known(expiresAtMs = hourMs): KnownCaller {
  const userId = makeId("user", 0, zero);
  const times = { createdAtMs: 0, lastUsedAtMs: 0, authenticatedAtMs: 0, expiresAtMs };
  const session = { userId, signInId: makeId("signIn", 0, zero), ...times, renewedCookie: null };
  return { session, account: { userId, email: "ada@example.com" }, caller: null };
}

function started() {
  const time = { nowMs: 0, monotonicMs: 0 };
  const callers = new KnownCallers({ nowMs: () => time.nowMs, monotonicMs: () => time.monotonicMs });
  return { time, callers, read: (key: string, value = known()) => callers.read(key, () => Promise.resolve(value)) };
}

test("whom a session lets in is known for a moment, counted from before it was read [T5]", async () => {
  const { time, callers } = started();
  await callers.read("a", () => {
    time.monotonicMs = 500;
    return Promise.resolve(known());
  });
  time.monotonicMs = knownForMs - 1;
  expect(callers.recent("a")).toEqual(known());
  expect(callers.recent("b")).toBeNull();
  time.monotonicMs = knownForMs;
  expect(callers.recent("a")).toBeNull();
});

test("what was read before all was forgotten is not kept after it [T5]", async () => {
  const { callers } = started();
  await callers.read("a", () => {
    callers.forgetAll();
    return Promise.resolve(known());
  });
  expect(callers.recent("a")).toBeNull();
});

test("a session that runs out meanwhile is not known any more, and nobody is kept whom none lets in [T5]", async () => {
  const { time, callers, read } = started();
  await read("a", known(1_000));
  await callers.read("b", () => Promise.resolve(null));
  expect(callers.size).toBe(1);
  time.nowMs = 999;
  expect(callers.recent("a")).not.toBeNull();
  time.nowMs = 1_000;
  expect(callers.recent("a")).toBeNull();
});

test("a crowd of sessions takes bounded memory, and the old ones go with the next that is read", async () => {
  const { time, callers, read } = started();
  for (let n = 0; n < 10_050; n++) await read(`session ${n}`);
  expect(callers.size).toBe(10_000);
  expect(callers.recent("session 0")).toBeNull();
  time.monotonicMs = knownForMs;
  await read("last");
  expect(callers.size).toBe(1);
});

test.each([
  `update "auth_sessions" set "activeOrgId" = ?`,
  `delete from "members" where "orgId" = ?`,
  `insert into "grants" ("orgId") select ?`,
  "insert or ignore into `users` values (?)",
  "REPLACE INTO orgs VALUES (?)",
  `with a as (select 1) update "orgs" set plan = ?`,
])("%s changes whom sessions let in", (statement) => {
  expect(changesCallers(statement)).toBe(true);
});

test.each([
  `insert into "tasks" ("orgId") select ? where exists (select 1 from "members")`,
  `update "tasks" set priority = ?`,
  `delete from "org_things" where 1`,
  `insert into "users_of_things" values (?)`,
])("%s does not", (statement) => {
  expect(changesCallers(statement)).toBe(false);
});
