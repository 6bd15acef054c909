import { afterAll, beforeAll, expect, test } from "vitest";
import { FakeServer } from "./fake-bridge.ts";
import { dialViewer, openViewer } from "./fake-viewer.ts";
import { eventually } from "./peer.ts";
import { id, orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";

let relay: RelayRuntime;
beforeAll(async () => {
  relay = await RelayRuntime.start();
});
afterAll(() => relay.stop());

async function post(path: string, body: unknown): Promise<{ status: number; body: unknown }> {
  const response = await relay.request(path, { method: "POST", body: JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
}

test("[F3] before a deployment the platform asks a bridge to come back, spread over a time", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const path = `/api/servers/${server.serverId}/drain`;
  expect(await post(path, { spreadMs: 30_000 })).toEqual({ status: 200, body: { isConnected: false } });
  const { peer } = await server.connect();
  expect(await post(path, { spreadMs: 30_000 })).toEqual({ status: 200, body: { isConnected: true } });
  expect(await peer.next("drain")).toEqual({ type: "drain", spreadMs: 30_000 });
  expect((await post(path, { spreadMs: -1 })).status).toBe(400);
  expect((await relay.request(path)).status).toBe(405);
  expect((await relay.request(path, { method: "POST", body: "{}" }, "wrong-key")).status).toBe(401);
});

test("[F12] bridges spread their return as widely as the API said last, also after an eviction", async () => {
  const own = await RelayRuntime.start();
  try {
    const server = await FakeServer.make(own, { orgId });
    own.api.spreadMs = 17_000;
    expect((await server.connect()).welcome.spreadMs).toBe(2000);
    await eventually(
      () => own.isDelivered(server.serverId),
      (isDelivered) => isDelivered,
    );
    await own.evict(server.serverId);
    const { peer, welcome } = await server.connect();
    expect(welcome.spreadMs).toBe(17_000);
    const drained = await own.request(`/api/servers/${server.serverId}/drain`, { method: "POST", body: "{}" });
    expect(drained.status).toBe(200);
    expect(await peer.next("drain")).toEqual({ type: "drain", spreadMs: 17_000 });
  } finally {
    await own.stop();
  }
});

test("[T1] a user whose right is taken away is cut off at once, with every ticket from before; others go on", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const bridge = await server.connect();
  const [userId, colleague] = [id("user"), id("user")];
  const open = (user: typeof userId) =>
    openViewer(relay, server.serverId, { topics: ["telemetry"], ticket: { userId: user } });
  const [first, second, other] = [await open(userId), await open(userId), await open(colleague)];
  const unused = await relay.platform.ticket(server.serverId, ["telemetry"], { userId });
  first.send({ type: "watchTelemetry" });
  await bridge.peer.next<{ type: string; telemetry: boolean }>("interest", (frame) => frame.telemetry);
  const atMs = Date.now();
  await server.outbox({ kind: "revokeViewers", userId, atMs });
  expect(await first.closed()).toMatchObject({ code: 4403 });
  expect(await second.closed()).toMatchObject({ code: 4403 });
  await bridge.peer.next<{ type: string; telemetry: boolean }>("interest", (frame) => !frame.telemetry);
  const late = dialViewer(relay, server.serverId, { ticket: unused });
  expect(await late.next("error")).toMatchObject({ code: "REVOKED" });
  expect(await late.closed()).toMatchObject({ code: 4403 });
  other.send({ type: "watchTelemetry" });
  await bridge.peer.next<{ type: string; telemetry: boolean }>("interest", (frame) => frame.telemetry);
  // Whoever gets the right back gets a new ticket.
  await eventually(Date.now, (nowMs) => nowMs > atMs);
  await openViewer(relay, server.serverId, { topics: ["telemetry"], ticket: { userId } });
});

test("[F1] a revocation outlives an eviction, and one that comes again cuts nobody off and moves no time back", async () => {
  const own = await RelayRuntime.start();
  try {
    const server = await FakeServer.make(own, { orgId });
    const userId = id("user");
    const unused = await own.platform.ticket(server.serverId, ["telemetry"], { userId });
    const atMs = Date.now();
    const { position } = server;
    await server.outbox(
      { kind: "revokeViewers", userId, atMs },
      { kind: "revokeViewers", userId, atMs: atMs - 50_000 },
    );
    await own.evict(server.serverId);
    const late = dialViewer(own, server.serverId, { ticket: unused });
    expect(await late.next("error")).toMatchObject({ code: "REVOKED" });
    await eventually(Date.now, (nowMs) => nowMs > atMs);
    const viewer = await openViewer(own, server.serverId, { topics: ["telemetry"], ticket: { userId } });
    const again = [{ kind: "revokeViewers" as const, userId, atMs, position: position + 1 }];
    expect(await own.postOutbox(server.serverId, again)).toBe(server.position);
    await server.connect();
    await viewer.next<{ type: string; isOnline: boolean }>("server", ({ isOnline }) => isOnline);
  } finally {
    await own.stop();
  }
});

test.each([
  ["ahead of", 90_000],
  ["behind", -30_000],
])(
  "[T1] with the API's clock %s the relay's, tickets from before a revocation are refused and those from after are not",
  async (_, aheadMs) => {
    const server = await FakeServer.make(relay, { orgId });
    const userId = id("user");
    const revokedAtMs = Date.now() + aheadMs;
    const ticketOf = (issuedAtMs: number) =>
      relay.platform.ticket(server.serverId, ["telemetry"], { userId, issuedAtMs, expiresAtMs: issuedAtMs + 60_000 });
    await server.outbox({ kind: "revokeViewers", userId, atMs: revokedAtMs });
    const before = dialViewer(relay, server.serverId, { ticket: await ticketOf(revokedAtMs - 20_000) });
    expect(await before.next("error")).toMatchObject({ code: "REVOKED" });
    const after = dialViewer(relay, server.serverId, { ticket: await ticketOf(revokedAtMs + 1) });
    await after.next("authorized");
  },
);
