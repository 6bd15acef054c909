import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "@quarterdeck/core/clock";
import { defaultRequestTiers } from "@quarterdeck/core/quota/request-tiers";
import { dayMs } from "@quarterdeck/core/units";
import { eq, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { orgs } from "../src/db/schema.ts";
import { routeRates } from "../src/rates/route-rates.ts";
import { systemClock } from "../src/system-clock.ts";
import { newId, TestApi } from "./test-api.ts";

/** A wall clock that a test steps, and intervals that pass only when it says so. */
class SteppedClock implements Clock {
  stepMs = 0;
  monotonic = 1000;
  nowMs = () => systemClock.nowMs() + this.stepMs;
  monotonicMs = () => this.monotonic;
}

async function answer(platform: TestApi, path: string, init: RequestInit = {}) {
  const response = await fetch(`${platform.origin}${path}`, init);
  await response.arrayBuffer();
  const field = (name: string) => response.headers.get(name);
  return {
    status: response.status,
    policy: field("ratelimit-policy"),
    rate: field("ratelimit"),
    after: field("retry-after"),
  };
}

const paths = {
  "/health": "health",
  "/readyz": "health",
  "/enrol": "enrol",
  "/install.sh": "install",
  "/install/manifest": "install",
  "/install/node/x.gz": "install",
  "/": "files",
  "/assets/nothing.js": "files",
  "/no/such/thing": "files",
} as const;

test("each answer of each route says at what rate it is answered [T7]", async () => {
  await using platform = await TestApi.start();
  const token = (await platform.signedUp()).sessionToken();
  for (const [path, route] of Object.entries(paths)) {
    const { policy, rate } = await answer(platform, path);
    expect([path, policy]).toEqual([path, `"address";q=${routeRates[route]};w=60`]);
    expect(rate).toMatch(/^"address";r=\d+;t=\d+$/);
  }
  for (const path of ["/trpc/auth.state", "/downloads/audit.csv"]) {
    expect([path, (await answer(platform, path)).policy]).toEqual([path, '"address";q=300;w=60']);
    const { policy } = await answer(platform, path, { headers: { authorization: `Bearer ${token}` } });
    expect([path, policy]).toEqual([path, '"user";q=2000;w=60, "org";q=2000;w=60']);
  }
});

test("more than the rate of a route is refused with when to try again, and a clock that is stepped changes nothing [T7]", async () => {
  const clock = new SteppedClock();
  await using platform = await TestApi.start({}, clock);
  for (let n = 0; n < routeRates.enrol; n++) expect((await answer(platform, "/enrol")).status).toBe(200);
  const refused = { status: 429, rate: '"address";r=0;t=1', after: "1" };
  expect(await answer(platform, "/enrol")).toMatchObject(refused);
  for (clock.stepMs of [400 * dayMs, -400 * dayMs]) expect(await answer(platform, "/enrol")).toMatchObject(refused);
  expect((await answer(platform, "/health")).status).toBe(200);
  clock.monotonic += 200;
  expect((await answer(platform, "/enrol")).status).toBe(200);
  expect(await answer(platform, "/enrol")).toMatchObject(refused);
});

test("all addresses of one network of IPv6 count as one, of requests and of connections [T7]", async () => {
  await using platform = await TestApi.start();
  const { requestRates, connections } = platform.api.runtime;
  for (let n = 0; n < 300; n++) {
    const address = `2001:db8:1:2:${n.toString(16)}::${n}`;
    expect(requestRates.charge({ caller: null, address }, 1).refusal).toBeNull();
  }
  expect(requestRates.charge({ caller: null, address: "2001:db8:1:2:ffff::1" }, 1).refusal?.code).toBe("RATE_LIMITED");
  expect(requestRates.charge({ caller: null, address: "2001:db8:1:3::1" }, 1).refusal).toBeNull();
  for (let n = 0; n < 1000; n++)
    expect(connections.take(null, `2001:db8:1:2::${n.toString(16)}`)).toBeTypeOf("function");
  expect(connections.take(null, "2001:db8:1:2::ffff")).toMatchObject({ code: "RATE_LIMITED" });
  expect(connections.take(null, "2001:db8:1:3::1")).toBeTypeOf("function");
});

async function connect(url: string, headers: Record<string, string>) {
  const socket = new WebSocket(url, { headers });
  socket.on("error", () => {}); // What came instead is looked at.
  const upgraded = once(socket, "upgrade").then(([response]) => response as IncomingMessage);
  const refused = once(socket, "unexpected-response").then(([, response]) => response as IncomingMessage);
  const response = await Promise.race([upgraded, refused]);
  return { socket, response };
}

test("an org has as many consoles and viewers open as its plan allows; one more is refused and says so [T7]", async () => {
  const file = join(tmpdir(), `quarterdeck-tiers-${newId("entry")}.json`);
  const basic = { ...defaultRequestTiers.basic, openConnections: 2 };
  await writeFile(file, JSON.stringify({ requestTiers: { ...defaultRequestTiers, basic } }));
  await using platform = await TestApi.start({ QUARTERDECK_QUOTA_FILE: file });
  await rm(file);
  const client = await platform.outsider();
  const { orgId } = await client.api.orgs.current.query();
  await platform.api.runtime.writer.commit([sql`update ${orgs} set plan = 'basic' where ${eq(orgs.orgId, orgId)}`]);
  const other = await platform.outsider();
  const base = platform.origin.replace("http", "ws");
  const urls = { console: `${base}/trpc`, viewer: `${base}/viewer/${newId("server")}` };
  const headersOf = (token: string | null | undefined) => ({
    authorization: `Bearer ${token}`,
    origin: platform.origin,
  });
  const open = (kind: keyof typeof urls, who = client) => connect(urls[kind], headersOf(who.sessionToken()));

  const first = await open("console");
  expect(first.response.headers).toMatchObject({ "ratelimit-policy": '"user";q=100;w=60, "org";q=100;w=60' });
  const second = await open("viewer");
  expect(await client.api.rates.current.query()).toMatchObject({
    plan: "basic",
    perMinute: 100,
    connections: { open: 2, most: 2 },
    refusedInLastHour: 0,
  });
  for (const kind of ["console", "viewer"] as const) {
    const { response } = await open(kind);
    expect([response.statusCode, response.headers["retry-after"]]).toEqual([429, "10"]);
    const [body] = (await once(response, "data")) as [Buffer];
    expect(JSON.parse(body.toString())).toMatchObject({
      code: "RATE_LIMITED",
      message: expect.stringContaining("on the plan basic, 2 connections are open already"),
    });
  }
  const now = await client.api.rates.current.query();
  expect(now).toMatchObject({ refusedInLastHour: 2, org: { used: 100 - now.org.remaining } });
  expect(now.org.used).toBeGreaterThan(2);
  // No other org pays for it, nor does somebody without a session, who counts for no org.
  const others = await open("console", other);
  const nobody = await connect(urls.viewer, {});
  expect([others.response.statusCode, nobody.response.statusCode]).toEqual([101, 101]);
  expect((await client.api.rates.current.query()).connections.open).toBe(2);

  first.socket.terminate();
  await expect.poll(async () => (await client.api.rates.current.query()).connections.open).toBe(1);
  const third = await open("viewer");
  expect(third.response.statusCode).toBe(101);
  for (const { socket } of [second, third, others, nobody]) socket.terminate();
  await expect.poll(() => platform.api.runtime.connections.count({ orgId })).toBe(0);
});
