import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Clock } from "@quarterdeck/core/clock";
import type { PlanName } from "@quarterdeck/core/quota/request-tiers";
import { eq, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { orgs } from "../src/db/schema.ts";
import { systemClock } from "../src/system-clock.ts";
import { FakeBridge } from "./fake-bridge.ts";
import { refusalOf, TestApi } from "./test-api.ts";

/** Real wall-clock time, and intervals that pass only when a test says so. */
class HeldClock implements Clock {
  monotonic = 1000;
  nowMs = () => systemClock.nowMs();
  monotonicMs = () => this.monotonic;
}

const limits = JSON.stringify({ basic: 10, premium: 20, enterprise: 1000 });

async function startLimited(): Promise<{ platform: TestApi; clock: HeldClock }> {
  const clock = new HeldClock();
  return { clock, platform: await TestApi.start({ QUARTERDECK_REQUESTS_PER_MINUTE: limits }, clock) };
}

async function onPlan(platform: TestApi, plan: PlanName) {
  const client = await platform.outsider();
  const { orgId } = await client.api.orgs.current.query();
  await platform.api.runtime.writer.commit([sql`update ${orgs} set plan = ${plan} where ${eq(orgs.orgId, orgId)}`]);
  return { orgId, token: client.sessionToken() ?? "", client };
}

/** One HTTP request with as many calls as paths. */
async function ask(platform: TestApi, token: string | null, paths: readonly string[] = ["auth.state"]) {
  const response = await fetch(`${platform.origin}/trpc/${paths.join(",")}?batch=1&input=%7B%7D`, {
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
  });
  const answers = (await response.json()) as { error?: { message: string; data: Record<string, unknown> } }[];
  return { status: response.status, field: (name: string) => response.headers.get(name), error: answers[0]?.error };
}

test("each plan has its rate, each answer says what is left, and what is too much gets 429 with when to try again [T7]", async () => {
  const { platform, clock } = await startLimited();
  await using _ = platform;
  const { token } = await onPlan(platform, "basic");
  clock.monotonic += 60_000;
  for (let left = 9; left >= 0; left--) {
    const { status, field } = await ask(platform, token);
    expect(status).toBe(200);
    expect(field("ratelimit-policy")).toBe('"user";q=10;w=60, "org";q=10;w=60');
    expect(field("ratelimit")).toBe(`"user";r=${left};t=6, "org";r=${left};t=6`);
    expect(field("retry-after")).toBeNull();
  }
  const refused = await ask(platform, token);
  expect(refused.status).toBe(429);
  expect(refused.field("retry-after")).toBe("6");
  expect(refused.field("ratelimit")).toBe('"user";r=0;t=6, "org";r=0;t=6');
  expect(refused.error?.data).toMatchObject({ code: "RATE_LIMITED", isRetryable: true, retryAfterMs: 6000 });
  expect(refused.error?.message).toMatch(/^More than 10 requests a minute .* Try again in 6 seconds\.$/);
  clock.monotonic += 5999;
  expect((await ask(platform, token)).status).toBe(429);
  clock.monotonic += 1;
  expect((await ask(platform, token)).status).toBe(200);

  const other = await onPlan(platform, "premium");
  expect((await ask(platform, other.token)).field("ratelimit-policy")).toBe('"user";q=20;w=60, "org";q=20;w=60');
});

test("the users of an org share its rate, and no other org pays for them [T7]", async () => {
  const { platform, clock } = await startLimited();
  await using _ = platform;
  const { token, orgId } = await onPlan(platform, "basic");
  const second = (await platform.memberOf(orgId, "developer")).sessionToken() ?? "";
  const stranger = await onPlan(platform, "basic");
  clock.monotonic += 60_000;
  for (let n = 0; n < 5; n++) {
    expect((await ask(platform, token)).status).toBe(200);
    expect((await ask(platform, second)).status).toBe(200);
  }
  const refused = await ask(platform, second);
  expect(refused.status).toBe(429);
  expect(refused.field("ratelimit")).toBe('"user";r=5;t=6, "org";r=0;t=6');
  expect(refused.error?.message).toContain("your org sends more");
  expect((await ask(platform, stranger.token)).field("ratelimit")).toContain('"org";r=9');
});

test("a batch costs as many as it has calls, and one that is more than a minute's is refused as too large", async () => {
  const { platform, clock } = await startLimited();
  await using _ = platform;
  const { token } = await onPlan(platform, "basic");
  clock.monotonic += 60_000;
  const calls = (count: number) => Array.from({ length: count }, () => "auth.state");
  expect((await ask(platform, token, calls(8))).field("ratelimit")).toContain('"user";r=2');
  const refused = await ask(platform, token, calls(3));
  expect([refused.status, refused.field("retry-after")]).toEqual([429, "6"]);
  expect(refused.field("ratelimit")).toContain('"user";r=2');
  expect((await ask(platform, token, calls(2))).status).toBe(200);
  const tooLarge = await ask(platform, token, calls(11));
  expect(tooLarge.status).toBe(413);
  expect(tooLarge.error?.data).toMatchObject({ code: "TOO_LARGE", retryAfterMs: null });
  expect(tooLarge.field("retry-after")).toBeNull();
});

test("without an account, or with a session that is none, an address has a rate of its own [T7]", async () => {
  const { platform } = await startLimited();
  await using _ = platform;
  expect((await ask(platform, null)).field("ratelimit-policy")).toBe('"address";q=300;w=60');
  const calls = Array.from({ length: 299 }, () => "auth.state");
  expect((await ask(platform, "made-up", calls)).status).toBe(200);
  const refused = await ask(platform, "made-up-too");
  expect(refused.status).toBe(429);
  expect(refused.error?.message).toContain("your address sends more");
  const { client } = await onPlan(platform, "basic");
  await expect(client.api.auth.state.query()).resolves.toMatchObject({ me: {} });
});

test("a client gets the refusal as a typed error", async () => {
  const { platform, clock } = await startLimited();
  await using _ = platform;
  const { client } = await onPlan(platform, "basic");
  clock.monotonic += 60_000;
  for (let n = 0; n < 10; n++) await client.api.orgs.current.query();
  expect((await refusalOf(client.api.orgs.current.query())).code).toBe("RATE_LIMITED");
});

function openSocket(platform: TestApi, token: string): WebSocket {
  const headers = { authorization: `Bearer ${token}`, origin: platform.origin };
  return new WebSocket(`${platform.origin.replace("http", "ws")}/trpc`, { headers });
}

const subscribe = (id: number) =>
  JSON.stringify({ id, method: "subscription", params: { path: "events.changes", input: { lastEventId: null } } });

test("a WebSocket is opened and asked for subscriptions at the same rate, and is refused with 429 [T7]", async () => {
  const { platform, clock } = await startLimited();
  await using _ = platform;
  const { token } = await onPlan(platform, "basic");
  clock.monotonic += 60_000;
  const socket = openSocket(platform, token);
  await once(socket, "open");
  const answers: { id: number; error?: { data: { code: string; retryAfterMs: number } } }[] = [];
  const enough = Promise.withResolvers<void>();
  socket.on("message", (data: Buffer) => {
    const answer = JSON.parse(data.toString()) as { id: number | null };
    if (answer.id === null) return;
    answers.push(answer as (typeof answers)[number]);
    if (answers.length === 10) enough.resolve();
  });
  for (let id = 1; id <= 10; id++) socket.send(subscribe(id));
  await enough.promise;
  const refused = answers.filter(({ error }) => error !== undefined);
  expect(refused.map(({ id, error }) => [id, error?.data])).toEqual([
    [10, expect.objectContaining({ code: "RATE_LIMITED", retryAfterMs: 6000 })],
  ]);

  const second = openSocket(platform, token);
  second.on("error", () => {}); // The answer came before it.
  const [, response] = (await once(second, "unexpected-response")) as [unknown, IncomingMessage];
  expect(response.statusCode).toBe(429);
  expect(response.headers).toMatchObject({ "retry-after": "6", ratelimit: '"user";r=0;t=6, "org";r=0;t=6' });
  response.resume();
  socket.terminate();
});

test("a socket that sends anything without end is closed, and gets no more answers [W1]", async () => {
  const { platform, clock } = await startLimited();
  await using _ = platform;
  const { token } = await onPlan(platform, "premium");
  clock.monotonic += 60_000;
  const socket = openSocket(platform, token);
  await once(socket, "open");
  let answered = 0;
  socket.on("message", () => answered++);
  for (let n = 0; n < 1000; n++) socket.send("{}");
  const [code, reason] = (await once(socket, "close")) as [number, Buffer];
  expect([code, reason.toString()]).toEqual([4429, "too many messages"]);
  expect(answered).toBe(200);
});

test("too many attempts to sign in say when to try again, in the answer's header too [T7]", async () => {
  await using platform = await TestApi.start();
  const attempt = () =>
    fetch(`${platform.origin}/trpc/auth.signIn`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email: "ada@example.com", password: "not this one at all" }),
    });
  for (let n = 0; n < 10; n++) expect((await attempt()).status).toBe(401);
  const refused = await attempt();
  expect(refused.status).toBe(429);
  const seconds = Number(refused.headers.get("retry-after"));
  expect(seconds).toBeGreaterThan(14 * 60);
  expect(seconds).toBeLessThanOrEqual(15 * 60);
});

test("guessing tokens of servers is stopped after sixty attempts, with when to try again [T7]", async () => {
  await using platform = await TestApi.start();
  const bridge = await FakeBridge.create();
  const body = JSON.stringify(await bridge.enrolRequest("qd_enrol_guess"));
  const attempt = () => fetch(`${platform.origin}/enrol`, { method: "POST", body });
  for (let n = 0; n < 60; n++) expect((await attempt()).status).toBe(401);
  const refused = await attempt();
  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({ code: "RATE_LIMITED" });
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(14 * 60);
});

test("an org that nobody gave a plan has the largest", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const { field } = await ask(platform, client.sessionToken());
  expect(field("ratelimit-policy")).toBe('"user";q=2000;w=60, "org";q=2000;w=60');
});
