import { signText, importSigningKey, generateSigningKey } from "@quarterdeck/core/protocol/signing";
import { protocolRange } from "@quarterdeck/core/protocol/version";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FakeServer } from "./fake-bridge.ts";
import { eventually } from "./peer.ts";
import { id, orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";

let relay: RelayRuntime;
beforeAll(async () => {
  relay = await RelayRuntime.start();
});
afterAll(() => relay.stop());

function kinds(server: FakeServer): string[] {
  return relay.api.reports(server.serverId).map((report) => report.kind);
}

test("a bridge is welcomed with a signed answer to its hello, and the API hears of it", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const { peer, welcome } = await server.connect();
  expect(welcome).toMatchObject({ epoch: 1, received: { results: 0 }, protocol: protocolRange.max });
  expect(await peer.next("interest")).toEqual({ type: "interest", telemetry: false, runs: [] });
  await eventually(
    () => kinds(server),
    (all) => all.includes("online"),
  );
  peer.close();
  await eventually(
    () => kinds(server),
    (all) => all.includes("offline"),
  );
});

test("a heartbeat is answered", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const { peer } = await server.connect();
  peer.send("ping");
  await peer.until(() => peer.texts.includes("pong"), "pong");
  expect(peer.texts.at(-1)).toBe("pong");
});

test("[W2] a hello with another key's signature is refused with 4401", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const stranger = await FakeServer.make(relay, { orgId, isRegistered: false });
  const peer = server.dial();
  await peer.next("challenge");
  peer.send({ type: "hello", ...(await stranger.hello(peer.texts[0] ?? "", { serverId: server.serverId })) });
  expect(await peer.next("refuse")).toMatchObject({ code: "UNAUTHENTICATED", retryAfterMs: null });
  expect(await peer.closed()).toMatchObject({ code: 4401 });
});

test("[W2] a hello that was signed for another use is refused", async () => {
  const pair = await generateSigningKey();
  const server = await FakeServer.make(relay, { orgId, isRegistered: false });
  await server.outbox({ kind: "register", orgId, publicKey: pair.publicKey });
  const peer = server.dial();
  await peer.next("challenge");
  const { signed } = await server.hello(peer.texts[0] ?? "");
  const wrongUse = await signText(await importSigningKey(pair.privateKeyPkcs8), "result", signed);
  peer.send({ type: "hello", ...wrongUse });
  expect(await peer.closed()).toMatchObject({ code: 4401 });
});

test("[F5] a hello that was held up on the way does not take over from the connection that its bridge made afterwards", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const stalled = server.dial();
  await stalled.next("challenge");
  const late = await server.hello(stalled.texts[0] ?? "");
  const { peer, welcome } = await server.connect();
  stalled.send({ type: "hello", ...late });
  expect(await stalled.closed()).toMatchObject({ code: 4009 });
  expect(stalled.texts.some((text) => text.includes('"welcome"'))).toBe(false);
  peer.send("ping");
  await peer.until(() => peer.texts.includes("pong"), "pong");
  expect(await server.connect()).toMatchObject({ welcome: { epoch: welcome.epoch + 1 } });
});

test("[W3] a hello that was recorded on another connection is refused", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const first = server.dial();
  await first.next("challenge");
  const recorded = await server.hello(first.texts[0] ?? "");
  const second = server.dial();
  await second.next("challenge");
  second.send({ type: "hello", ...recorded });
  expect(await second.next("refuse")).toMatchObject({ code: "UNAUTHENTICATED" });
  expect(await second.closed()).toMatchObject({ code: 4401 });
});

test("[W2] a hello for another server is refused", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const peer = server.dial();
  await peer.next("challenge");
  peer.send({ type: "hello", ...(await server.hello(peer.texts[0] ?? "", { serverId: id("server") })) });
  expect(await peer.closed()).toMatchObject({ code: 4401 });
});

test("a bridge whose server is not announced yet is asked to come again in a second", async () => {
  const server = await FakeServer.make(relay, { orgId, isRegistered: false });
  const peer = server.dial();
  await peer.next("challenge");
  peer.send({ type: "hello", ...(await server.hello(peer.texts[0] ?? "")) });
  expect(await peer.next("refuse")).toMatchObject({ code: "SERVER_OFFLINE", retryAfterMs: 1000 });
  expect(await peer.closed()).toMatchObject({ code: 4408 });
});

test("[F11] a bridge of another major version is refused with 4406", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const peer = server.dial();
  await peer.next("challenge");
  const otherRange = { min: { major: 9, minor: 0 }, max: { major: 9, minor: 3 } };
  peer.send({ type: "hello", ...(await server.hello(peer.texts[0] ?? "", { protocolRange: otherRange })) });
  expect(await peer.next("refuse")).toMatchObject({ code: "VERSION_UNSUPPORTED" });
  expect(await peer.closed()).toMatchObject({ code: 4406 });
});

test("[W2] a revoked server is disconnected with 4403, is refused when it returns, and its runs end", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  const projectId = id("project");
  const running = await server.submit({ projectId });
  await server.commands(connection);
  const waiting = await server.submit({ projectId });
  await server.outbox({ kind: "revoke" });
  expect(await connection.peer.closed()).toMatchObject({ code: 4403 });
  const again = server.dial();
  await again.next("challenge");
  again.send({ type: "hello", ...(await server.hello(again.texts[0] ?? "")) });
  expect(await again.next("refuse")).toMatchObject({ code: "REVOKED" });
  expect(await again.closed()).toMatchObject({ code: 4403 });
  const late = await server.submit();
  const ended = await eventually(
    () => relay.api.reports(server.serverId).filter((report) => report.kind === "ended"),
    (all) => all.length === 3,
  );
  expect(ended.map(({ runId, verdict }) => [runId, verdict])).toEqual([
    [waiting.runId, "refused"],
    [running.runId, "indeterminate"],
    [late.runId, "refused"],
  ]);
});

test("[W3] a newer connection replaces the older one, which is closed with 4009 and says nothing more", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const older = await server.connect();
  const newer = await server.connect();
  expect(newer.welcome.epoch).toBe(older.welcome.epoch + 1);
  expect(await older.peer.closed()).toMatchObject({ code: 4009 });
});

test("[W3] a frame of an old epoch is refused", async () => {
  const server = await FakeServer.make(relay, { orgId });
  (await server.connect()).peer.close();
  const { peer, welcome } = await server.connect();
  peer.send({ type: "ack", epoch: welcome.epoch - 1, stream: "commands", through: 0 });
  expect(await peer.next("error")).toMatchObject({ code: "SUPERSEDED" });
  expect(await peer.closed()).toMatchObject({ code: 4009 });
});

test("[W3] two bridges with one key: the newest wins and an alert says so", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const original = await server.connect();
  server.bootId = "boot-of-the-clone";
  const clone = await server.connect();
  expect(await original.peer.closed()).toMatchObject({ code: 4009 });
  const reports = await eventually(
    () => relay.api.reports(server.serverId),
    (all) => all.some((report) => report.kind === "duplicateKey"),
  );
  expect(reports.find((report) => report.kind === "duplicateKey")).toMatchObject({
    epoch: clone.welcome.epoch,
    bootId: "boot-of-the-clone",
  });
  expect(kinds(server)).not.toContain("offline");
});

test("an older connection whose peer is gone raises no alert", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const older = await server.connect();
  older.peer.socket.terminate();
  await server.connect();
  const command = await server.submit();
  await eventually(
    () => relay.api.reports(server.serverId),
    (all) => all.some((report) => report.kind === "dispatched" && report.runId === command.runId),
  );
  expect(kinds(server)).not.toContain("duplicateKey");
});

test("[F6] strangers who never say hello take no more than 32 connections of a server, and keep its bridge from none", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const strangers = Array.from({ length: 33 }, () => server.dial());
  await Promise.all(strangers.map((stranger) => stranger.next("challenge")));
  const sentAway = await Promise.any(
    strangers.map(async (stranger) => ({ stranger, error: await stranger.next("error") })),
  );
  expect(sentAway.error).toMatchObject({ code: "RATE_LIMITED" });
  expect(await sentAway.stranger.closed()).toMatchObject({ code: 4429 });
  expect((await server.connect()).welcome.epoch).toBe(1);
  for (const stranger of strangers) stranger.close();
});

test("[F6] a connection that never says hello is closed after ten seconds", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const peer = server.dial();
  await peer.next("challenge");
  expect(await peer.next("error")).toMatchObject({ code: "HANDSHAKE_TIMEOUT" });
  expect(await peer.closed()).toMatchObject({ code: 4408 });
});

test("a stranger's connection to a server that nobody announced leaves no storage behind", async () => {
  const server = await FakeServer.make(relay, { orgId, isRegistered: false });
  for (let round = 0; round < 2; round++) {
    const peer = server.dial();
    await peer.next("challenge");
    peer.close();
    await peer.closed();
    await eventually(
      () => relay.sql(server.serverId, "SELECT name FROM sqlite_master WHERE name = 'server'"),
      (tables) => tables.length === 0,
    );
  }
  await server.outbox({ kind: "register", orgId, publicKey: server.publicKey });
  expect((await server.connect()).welcome.epoch).toBe(1);
});
