import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeId, type ProjectId, type WorkspaceId } from "@quarterdeck/core/ids";
import { afterEach, beforeEach, expect, it } from "vitest";
import { EgressLedger } from "./egress-ledger.ts";
import { createEgressProxy } from "./egress-proxy.ts";
import { LineParser } from "./meter-lines.ts";
import { proxyLineSchema } from "./proxy-line.ts";
import { ProxyMeter } from "./proxy-meter.ts";
import { burstOf } from "./token-bucket.ts";

const path = {
  workspaceId: makeId("workspace", 1, randomBytes(16)) as WorkspaceId,
  projectId: makeId("project", 1, randomBytes(16)) as ProjectId,
};
const rate = 200_000;

let folder: string;
let site: ReturnType<typeof createServer>;
let proxy: Server;
let control: ReturnType<ProxyMeter["server"]>;
let meter: ProxyMeter;
/** Of the proxy's own clock, which stands still until it is moved. */
let own: { nowMs: number; timers: { atMs: number; act: () => void }[] };
const sockets: Socket[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "qd-transfer-"));
  own = { nowMs: 0, timers: [] };
  meter = new ProxyMeter({
    monotonicMs: () => own.nowMs,
    later(act, ms) {
      const timer = { atMs: own.nowMs + ms, act };
      own.timers.push(timer);
      return () => void (own.timers = own.timers.filter((each) => each !== timer));
    },
  });
  control = meter.server().listen(join(folder, "control"));
  // It sends without an end, whatever comes.
  site = createServer((socket) => {
    sockets.push(socket);
    const chunk = Buffer.alloc(16_384, "x");
    const more = () => {
      while (socket.write(chunk));
    };
    socket.on("drain", more).on("error", () => socket.destroy());
    socket.resume();
    more();
  }).listen(0, "127.0.0.1");
  await Promise.all([once(control, "listening"), once(site, "listening")]);
  const hosts = [`good.example:${(site.address() as AddressInfo).port}`];
  const rules = { hosts, mayReach: () => true, resolve: async () => ["127.0.0.1"], meter };
  proxy = createEgressProxy(rules).listen(join(folder, "proxy"));
  await once(proxy, "listening");
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  proxy.closeAllConnections();
  for (const server of [proxy, control, site]) server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A connection through the proxy that counts what comes after the proxy's own answer. */
async function download(): Promise<{ received: () => number; until: (bytes: number) => Promise<void> }> {
  const client = connect(join(folder, "proxy"));
  sockets.push(client);
  const host = `good.example:${(site.address() as AddressInfo).port}`;
  client.write(`CONNECT ${host} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  let bytes = -"HTTP/1.1 200 Connection Established\r\n\r\n".length;
  let wake = Promise.withResolvers<void>();
  client.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    wake.resolve();
    wake = Promise.withResolvers();
  });
  const until = async (least: number) => {
    while (bytes < least) await wake.promise;
  };
  await until(0);
  return { received: () => bytes, until };
}

/** The host's end, whose time is the test's. */
async function host() {
  const socket = connect(join(folder, "control"));
  sockets.push(socket);
  await once(socket, "connect");
  const granted = { sum: 0 };
  const waiting = new Set<number>();
  let wake = Promise.withResolvers<void>();
  const ledger = new EgressLedger({
    say(_to, line) {
      if ("grant" in line) {
        granted.sum += line.bytes;
        waiting.delete(line.grant);
      }
      socket.write(`${JSON.stringify(line)}\n`);
    },
    onChange: () => undefined,
  });
  const lines = new LineParser((line) => proxyLineSchema.parse(line));
  let nowMs = 0;
  socket.setEncoding("utf8").on("data", (text: string) => {
    for (const line of lines.read(text)) {
      ledger.hear("proxy", line, nowMs);
      if ("want" in line) waiting.add(line.want);
    }
    wake.resolve();
    wake = Promise.withResolvers();
  });
  /** Until so many connections wait for leave. */
  const untilWaiting = async (count: number) => {
    while (waiting.size < count) await wake.promise;
  };
  const at = (ms: number) => {
    nowMs = ms;
    ledger.grant(ms);
  };
  return { ledger, granted, untilWaiting, at, socket };
}

it("passes what a limit allows by the host's time and not a byte more, to two connections by turns, over real sockets", async () => {
  const { ledger, granted, untilWaiting, at } = await host();
  ledger.setLimit({ ...path, projectId: null }, null, 0);
  ledger.setLimit(path, rate, 0);
  ledger.join("proxy", path);
  const both = await Promise.all([download(), download()]);
  const sum = () => both.reduce((all, { received }) => all + received(), 0);
  for (let nowMs = 0; nowMs <= 4000; nowMs += 50) {
    await untilWaiting(2);
    at(nowMs);
    // What was granted arrives, and nothing else does: the connections have sent all they were given and wait again.
    while (sum() < granted.sum) await Promise.race(both.map(({ received, until }) => until(received() + 1)));
    expect(sum()).toBe(granted.sum);
    expect(sum()).toBeLessThanOrEqual((rate * nowMs) / 1000 + burstOf(rate));
  }
  expect(sum()).toBeGreaterThan(rate * 4 * 0.9 - burstOf(rate));
  // A turn is as large as what was read at once, so turns are alike and bytes nearly.
  for (const { received } of both) expect(received()).toBeGreaterThan(sum() / 3);
});

it("passes nothing before its host has come, and all without a limit, and tells what it counted", async () => {
  const one = await download();
  // Another asks after the first, and neither got anything.
  const two = await download();
  expect([one.received(), two.received()]).toEqual([0, 0]);
  const { ledger } = await host();
  ledger.setLimit({ ...path, projectId: null }, null, 0);
  ledger.setLimit(path, null, 0);
  ledger.join("proxy", path);
  await Promise.all([one.until(2_000_000), two.until(2_000_000)]);
});

it("holds itself to its share while its host is away, by its own clock, and begins without a burst", async () => {
  const first = await host();
  first.ledger.setLimit({ ...path, projectId: null }, null, 0);
  first.ledger.setLimit(path, rate, 0);
  first.ledger.join("proxy", path);
  const { received, until } = await download();
  await first.untilWaiting(1);
  const alone = once(first.socket, "close");
  first.socket.end();
  first.socket.destroy();
  await alone;
  // It has noticed when it plans its first grant by its own clock.
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  while (own.timers.length === 0) await turn();
  expect(received()).toBe(0);
  let rings = 0;
  while (received() < rate) {
    const next = own.timers.toSorted((a, b) => a.atMs - b.atMs)[0];
    if (next === undefined) {
      await turn();
      continue;
    }
    own.nowMs = Math.max(own.nowMs, next.atMs);
    own.timers = own.timers.filter((timer) => timer !== next);
    next.act();
    rings++;
    await turn();
    expect(received()).toBeLessThanOrEqual((rate * own.nowMs) / 1000);
  }
  expect(rings).toBeGreaterThan(3);
  // It comes back, and from then on the host's time counts.
  const second = await host();
  second.ledger.setLimit({ ...path, projectId: null }, null, 0);
  second.ledger.setLimit(path, null, 0);
  second.ledger.join("proxy", path);
  await until(received() + 5_000_000);
});
