import { encodeReadings } from "@quarterdeck/core/protocol/compact-readings";
import { decodeFrame } from "@quarterdeck/core/protocol/codec";
import { limits } from "@quarterdeck/core/protocol/limits";
import { generateSigningKey, importSigningKey, signText, type SignedText } from "@quarterdeck/core/protocol/signing";
import { decodeTicket, encodeTicket } from "@quarterdeck/core/protocol/ticket";
import { relayToViewerSchema } from "@quarterdeck/core/protocol/relay-to-viewer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FakeServer } from "./fake-bridge.ts";
import { assemble, dialViewer, ends, openViewer, type OutputFrame } from "./fake-viewer.ts";
import { dispatched, type InterestFrame, OutputSource, sample } from "./output-source.ts";
import { eventually, type Peer } from "./peer.ts";
import { id, orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";
import { bytesIn, sealedLike } from "./sealed-piece.ts";

let relay: RelayRuntime;
beforeAll(async () => {
  relay = await RelayRuntime.start();
});
afterAll(() => relay.stop());

test("a viewer sees whether the server is online, and its telemetry while it watches", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const readings = encodeReadings([sample]);
  const viewer = await openViewer(relay, server.serverId, { topics: ["telemetry"] });
  expect(await viewer.next("server")).toMatchObject({ isOnline: false });
  viewer.send({ type: "watchTelemetry" });
  const { peer, welcome } = await server.connect();
  expect(await viewer.next("server")).toMatchObject({ isOnline: true });
  expect(await peer.next<InterestFrame>("interest")).toMatchObject({ telemetry: true });
  peer.send({ type: "telemetry", epoch: welcome.epoch, readings });
  expect(await viewer.next("telemetry")).toEqual({ type: "telemetry", readings });
  const second = await openViewer(relay, server.serverId, { topics: ["telemetry"] });
  second.send({ type: "watchTelemetry" });
  expect(await second.next("telemetry")).toEqual({ type: "telemetry", readings });
  second.close();
  viewer.send({ type: "unwatchTelemetry" });
  await peer.next<InterestFrame>("interest", (frame) => !frame.telemetry);
  peer.close();
  expect(await viewer.next("server")).toMatchObject({ isOnline: false });
});

test("[F9] what comes together goes out in few messages, each piece once and in order", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const { connection, runId } = await dispatched(server);
  const viewer = await openViewer(relay, server.serverId, { topics: [`output:${runId}`] });
  viewer.send({ type: "watchOutput", runId, fromOffset: 0 });
  await connection.peer.next<InterestFrame>("interest", (frame) => frame.runs.length > 0);
  const { epoch } = connection.welcome;
  const bytes = Buffer.from(Array.from({ length: 200 }, (_, i) => `line ${i}\n`.padStart(10)).join(""));
  for (let offset = 0; offset < bytes.length; offset += 10) {
    const data = sealedLike(bytes.subarray(offset, offset + 10));
    connection.peer.send({ type: "output", epoch, runId, offset, data, isEnd: offset + 10 >= bytes.length });
  }
  await viewer.until(() => ends(viewer) > 0, "the end of the output");
  expect(assemble(viewer.frames)).toEqual(bytes);
  const messages = viewer.texts.filter((text) => text.includes('"output"'));
  expect(messages.length).toBeLessThan(viewer.frames.filter((frame) => frame.type === "output").length);
  for (const text of viewer.texts) expect(decodeFrame(relayToViewerSchema, text).ok).toBe(true);
});

test("[W5] a ticket works once", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const ticket = await relay.platform.ticket(server.serverId, ["telemetry"]);
  const first = dialViewer(relay, server.serverId, { ticket });
  await first.next("authorized");
  const second = dialViewer(relay, server.serverId, { ticket });
  expect(await second.next("error")).toMatchObject({ code: "TOKEN_USED" });
  expect(await second.closed()).toMatchObject({ code: 4401 });
  await relay.evict(server.serverId);
  const third = dialViewer(relay, server.serverId, { ticket });
  expect(await third.next("error")).toMatchObject({ code: "TOKEN_USED" });
});

test.each([
  ["an expired", { expiresAtMs: Date.now() - 1 }, "TOKEN_EXPIRED"],
  ["another server's", { serverId: id("server") }, "TOKEN_INVALID"],
  ["another org's", { orgId: id("org") }, "TOKEN_INVALID"],
])("[W5] %s ticket is refused", async (_name, parts, code) => {
  const server = await FakeServer.make(relay, { orgId });
  const viewer = dialViewer(relay, server.serverId, {
    ticket: await relay.platform.ticket(server.serverId, ["telemetry"], parts),
  });
  expect(await viewer.next("error")).toMatchObject({ code });
  expect(await viewer.closed()).toMatchObject({ code: 4401 });
});

test("[W5] a ticket that is missing, garbled, unsigned or of another platform is refused", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const good = await relay.platform.ticket(server.serverId, ["telemetry"]);
  const text = JSON.parse(Buffer.from(good, "base64url").toString()) as { signed: string };
  const unsigned = Buffer.from(JSON.stringify({ ...text, signature: "A".repeat(86) })).toString("base64url");
  const changed = Buffer.from(JSON.stringify({ ...text, signed: text.signed.replace("srv_", "srv_") + " " })).toString(
    "base64url",
  );
  for (const ticket of ["", "%%%", "e30", unsigned, changed]) {
    const viewer = dialViewer(relay, server.serverId, { ticket });
    expect(await viewer.next("error")).toMatchObject({ code: "TOKEN_INVALID" });
    expect(await viewer.closed()).toMatchObject({ code: 4401 });
  }
});

test("[W5] what the platform signed for another use, or somebody else as a ticket, is no ticket", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const stranger = await generateSigningKey();
  const [key, relayKey] = await Promise.all(
    [stranger.privateKeyPkcs8, relay.platform.relay.privateKey].map((pkcs8) => importSigningKey(pkcs8)),
  );
  const { signed } = JSON.parse(
    Buffer.from(await relay.platform.ticket(server.serverId, ["telemetry"]), "base64url").toString(),
  ) as { signed: string };
  const { signed: command, signature } = await relay.platform.command(server.serverId);
  const body = JSON.parse(signed) as object;
  const words = [
    encodeTicket({ signed: command, signature }),
    encodeTicket(relay.platform.relay.certificate),
    encodeTicket({ signed, signature }), // The signature of something else.
    encodeTicket(await signText(key!, "ticket", signed)),
    encodeTicket(await signText(relayKey!, "ticket", signed)),
    // A ticket says nothing about how it is signed, so there is nothing to say "none" in; whoever tries is refused.
    encodeTicket({ signed: JSON.stringify({ alg: "none", ...body }), signature }),
    `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from(signed).toString("base64url")}.`,
  ];
  for (const word of words) {
    const viewer = dialViewer(relay, server.serverId, { ticket: word });
    expect(await viewer.next("error")).toMatchObject({ code: "TOKEN_INVALID" });
    expect(await viewer.closed()).toMatchObject({ code: 4401 });
  }
  await dialViewer(relay, server.serverId, { ticket: encodeTicket(await ticketOf(server)) }).next("authorized");
});

async function ticketOf(server: FakeServer): Promise<SignedText> {
  const decoded = decodeTicket(await relay.platform.ticket(server.serverId, ["telemetry"]));
  if (!decoded.ok) throw new Error(decoded.error.message);
  return decoded.value;
}

test("[W5] a topic that the ticket does not name is refused and the connection stays", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const [allowed, other] = [id("run"), id("run")];
  const viewer = await openViewer(relay, server.serverId, { topics: [`output:${allowed}`] });
  viewer.send({ type: "watchTelemetry" });
  expect(await viewer.next("error")).toMatchObject({ code: "FORBIDDEN" });
  viewer.send({ type: "watchOutput", runId: other, fromOffset: 0 });
  expect(await viewer.next("error")).toMatchObject({ code: "FORBIDDEN" });
  const { peer } = await server.connect();
  viewer.send({ type: "watchOutput", runId: allowed, fromOffset: 0 });
  const interest = await peer.next<InterestFrame>("interest", (frame) => frame.runs.length > 0);
  expect(interest.runs).toEqual([{ runId: allowed, fromOffset: 0 }]);
});

test("[W5] a further ticket adds topics only for the same user", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const userId = id("user");
  const viewer = await openViewer(relay, server.serverId, { topics: ["telemetry"], ticket: { userId } });
  const runId = id("run");
  viewer.send({
    type: "authorize",
    ticket: await relay.platform.ticket(server.serverId, [`output:${runId}`], { userId }),
  });
  expect(await viewer.next("authorized")).toMatchObject({ topics: ["telemetry", `output:${runId}`] });
  viewer.send({ type: "authorize", ticket: await relay.platform.ticket(server.serverId, ["telemetry"]) });
  expect(await viewer.next("error")).toMatchObject({ code: "TOKEN_INVALID" });
  expect(await viewer.closed()).toMatchObject({ code: 4401 });
});

test("[W5] a connection ends when its ticket says so", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connectionExpiresAtMs = Date.now() + 3000;
  const viewer = await openViewer(relay, server.serverId, { topics: ["telemetry"], ticket: { connectionExpiresAtMs } });
  expect(await viewer.next("error")).toMatchObject({ code: "TICKET_EXPIRED" });
  expect(await viewer.closed()).toMatchObject({ code: 4410 });
});

test.each([
  ["no JSON", "{", "PROTOCOL_VIOLATION", 4400],
  ["a bridge's frame", '{"type":"ack","epoch":1,"stream":"commands","through":0}', "PROTOCOL_VIOLATION", 4400],
  ["a frame that is too large", `"${"a".repeat(300_000)}"`, "TOO_LARGE", 1009],
])("[W1] %s from a viewer is refused and ends the connection", async (_name, text, code, closeCode) => {
  const server = await FakeServer.make(relay, { orgId });
  const viewer = await openViewer(relay, server.serverId, { topics: ["telemetry"] });
  viewer.send(text);
  expect(await viewer.next("error")).toMatchObject({ code });
  expect(await viewer.closed()).toMatchObject({ code: closeCode });
});

test("[W1] an acknowledgement of output that was never sent is refused", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const runId = id("run");
  const viewer = await openViewer(relay, server.serverId, { topics: [`output:${runId}`] });
  viewer.send({ type: "watchOutput", runId, fromOffset: 0 });
  viewer.send({ type: "ackOutput", runId, offset: 5 });
  expect(await viewer.closed()).toMatchObject({ code: 4400 });
});

test("output of a run that still waits is asked for when the run is dispatched", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const { connection, runId: first } = await dispatched(server);
  const projectId = id("project");
  const before = await server.submit({ projectId });
  await server.commands(connection);
  const { runId } = await server.submit({ projectId });
  const viewer = await openViewer(relay, server.serverId, { topics: [`output:${runId}`, `output:${first}`] });
  viewer.send({ type: "watchOutput", runId, fromOffset: 0 });
  viewer.send({ type: "watchOutput", runId: first, fromOffset: 7 });
  const interest = await connection.peer.next<InterestFrame>("interest", (frame) => frame.runs.length > 0);
  expect(interest.runs).toEqual([{ runId: first, fromOffset: 7 }]);
  await server.finish(connection, before);
  const next = await connection.peer.next<InterestFrame>("interest", (frame) => frame.runs.length === 2);
  expect(next.runs).toContainEqual({ runId, fromOffset: 0 });
  expect(next.runs).toContainEqual({ runId: first, fromOffset: null });
});

test("every viewer gets all bytes in order, whenever it came and from wherever it asked", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const { connection, runId } = await dispatched(server);
  const bytes = Buffer.alloc(720_000, crypto.getRandomValues(new Uint8Array(60_000)));
  const source = new OutputSource(connection, runId, bytes);
  const viewers: { peer: Peer; from: number }[] = [];
  for (const from of [0, 100_000, 5, bytes.length]) {
    const peer = await openViewer(relay, server.serverId, { topics: [`output:${runId}`] });
    peer.send({ type: "watchOutput", runId, fromOffset: from });
    viewers.push({ peer, from });
    source.step();
  }
  await eventually(
    () => source.step(),
    () => viewers.every(({ peer }) => ends(peer) > 0),
  );
  for (const { peer, from } of viewers) expect(assemble(peer.frames, from).equals(bytes.subarray(from))).toBe(true);
});

test("[F9] a viewer that does not acknowledge is skipped, others go on, and it catches up", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const { connection, runId } = await dispatched(server);
  const bytes = Buffer.alloc(3 * 1024 * 1024, "quarterdeck\n");
  const source = new OutputSource(connection, runId, bytes);
  const slow = await openViewer(relay, server.serverId, { topics: [`output:${runId}`] });
  const good = await openViewer(relay, server.serverId, { topics: [`output:${runId}`] });
  for (const viewer of [slow, good]) viewer.send({ type: "watchOutput", runId, fromOffset: 0 });
  const reached = (viewer: Peer) =>
    viewer.frames.reduce((end, frame) => {
      if (frame.type !== "output") return end;
      const { offset, data } = frame as OutputFrame;
      return Math.max(end, offset + bytesIn(data).length);
    }, 0);
  let acknowledged = 0;
  const step = (viewer: Peer) => {
    source.step();
    const end = reached(viewer);
    if (end > acknowledged) viewer.send({ type: "ackOutput", runId, offset: (acknowledged = end) });
  };
  await eventually(
    () => step(good),
    () => ends(good) > 0,
  );
  expect(ends(slow)).toBe(0);
  expect(reached(slow)).toBeLessThanOrEqual(limits.viewerBehindBytes + limits.outputChunkBytes);
  acknowledged = 0;
  await eventually(
    () => step(slow),
    () => ends(slow) > 0,
  );
  for (const viewer of [slow, good]) expect(assemble(viewer.frames).equals(bytes)).toBe(true);
});

test("output that is gone is said, and comes after all when the run is dispatched later", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  const { command, ...text } = await relay.platform.command(server.serverId);
  const { runId } = command;
  const viewer = await openViewer(relay, server.serverId, { topics: [`output:${runId}`] });
  viewer.send({ type: "watchOutput", runId, fromOffset: 0 });
  await connection.peer.next<InterestFrame>("interest", (frame) => frame.runs.length > 0);
  const { epoch } = connection.welcome;
  connection.peer.send({
    type: "gap",
    epoch,
    stream: "output",
    runId,
    fromOffset: 0,
    toOffset: null,
    reason: "unknown run",
  });
  expect(await viewer.next("gap")).toMatchObject({ runId, toOffset: null, reason: "unknown run" });
  await server.outbox({ kind: "command", ...text });
  const interest = await connection.peer.next<InterestFrame>("interest", (frame) => frame.runs.length > 0);
  expect(interest.runs).toEqual([{ runId, fromOffset: 0 }]);
});

test("[F9] more viewers than a server takes are refused", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const viewers = [];
  for (let i = 0; i < limits.viewersPerServer; i++) {
    viewers.push(await openViewer(relay, server.serverId, { topics: ["telemetry"] }));
  }
  const extra = dialViewer(relay, server.serverId, {
    ticket: await relay.platform.ticket(server.serverId, ["telemetry"]),
  });
  expect(await extra.closed()).toMatchObject({ code: 4429 });
  for (const viewer of viewers) viewer.close();
});
