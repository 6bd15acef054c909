import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FakeServer } from "./fake-bridge.ts";
import { openViewer } from "./fake-viewer.ts";
import { eventually, type Frame } from "./peer.ts";
import { id, orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";
import { sealedLike } from "./sealed-piece.ts";

let relay: RelayRuntime;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quarterdeck-relay-state-"));
  relay = await RelayRuntime.start({ persistFolder: folder });
});
afterAll(async () => {
  await relay.stop();
  await rm(folder, { recursive: true });
});

/** Evicts the object once it is at rest. */
async function evict(server: FakeServer): Promise<void> {
  await eventually(
    () => relay.isDelivered(server.serverId),
    (isDelivered) => isDelivered,
  );
  await relay.evict(server.serverId);
}

async function restart(): Promise<void> {
  await relay.stop();
  await relay.start();
}

test("[F10] an eviction between receipt and dispatch loses nothing and keeps the order", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  const projectId = id("project");
  const submitted = [await server.submit({ projectId }), await server.submit({ projectId })];
  const [first] = await server.commands(connection);
  await evict(server);
  submitted.push(await server.submit({ projectId }));
  await evict(server);
  const seen = first ? [first] : [];
  for (;;) {
    const last = seen.at(-1);
    if (!last) throw new Error("no command came");
    await server.finish(connection, last);
    if (seen.length === submitted.length) break;
    await evict(server);
    seen.push(...(await server.commands(connection)));
  }
  expect(seen.map((command) => command.runId)).toEqual(submitted.map((command) => command.runId));
  const results = await eventually(
    () => relay.api.reports(server.serverId).filter((report) => report.kind === "result"),
    (all) => all.length === 3,
  );
  expect(results).toHaveLength(3);
});

test("[F10] viewers go on watching through an eviction", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  const { runId } = await server.submit();
  await server.commands(connection);
  const viewer = await openViewer(relay, server.serverId, { topics: ["telemetry", `output:${runId}`] });
  viewer.send({ type: "watchTelemetry" });
  viewer.send({ type: "watchOutput", runId, fromOffset: 0 });
  await connection.peer.next<Frame & { runs: unknown[] }>("interest", (frame) => frame.runs.length > 0);
  const { epoch } = connection.welcome;
  for (const [offset, text] of ["one\n", "two\n", "six\n"].entries()) {
    await evict(server);
    const data = sealedLike(Buffer.from(text));
    connection.peer.send({ type: "output", epoch, runId, offset: offset * 4, data, isEnd: false });
    expect(await viewer.next("output")).toMatchObject({ offset: offset * 4, data });
  }
  await evict(server);
  viewer.close();
  await connection.peer.next<Frame & { runs: unknown[]; telemetry: boolean }>(
    "interest",
    (frame) => frame.runs.length === 0 && !frame.telemetry,
  );
});

test("[F10] the epoch survives an eviction: the older connection stays fenced", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const older = await server.connect();
  await evict(server);
  const newer = await server.connect();
  expect(newer.welcome.epoch).toBe(older.welcome.epoch + 1);
  expect(await older.peer.closed()).toMatchObject({ code: 4009 });
});

test("[F3] a restart of the runtime keeps queued and dispatched runs, counters and reports", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const before = await server.connect();
  const projectId = id("project");
  const running = await server.submit({ projectId });
  const queued = await server.submit({ projectId });
  const unacknowledged = await server.submit({ projectId: id("project") });
  await server.commands(before);
  const [second] = await server.commands(before, { isAcknowledged: false });
  expect(second).toMatchObject({ runId: unacknowledged.runId, seq: 2 });
  await restart();

  expect(await relay.waiting(server.serverId, queued.runId)).toMatchObject({
    isOnline: false,
    state: "waiting",
    waiting: { reason: "order", behind: running.runId },
  });
  const after = await server.connect();
  expect(after.welcome).toMatchObject({ epoch: before.welcome.epoch + 1, received: { results: 0 } });
  const [resent] = await server.commands(after);
  expect(resent).toMatchObject({ runId: unacknowledged.runId, seq: 2 });
  await server.finish(after, running);
  expect((await server.commands(after)).map((command) => command.runId)).toEqual([queued.runId]);
  await server.finish(after, queued);
  await server.finish(after, unacknowledged);
  await restart();

  const third = await server.connect();
  expect(third.welcome.received.results).toBe(3);
  const results = await eventually(
    () => relay.api.reports(server.serverId).filter((report) => report.kind === "result"),
    (all) => all.length === 3,
  );
  expect(results).toHaveLength(3);
  expect(await relay.postOutbox(server.serverId, [{ kind: "revoke", position: 1 }])).toBe(server.position);
});

test("[F3] reports that the API never got are delivered after a restart", async () => {
  const server = await FakeServer.make(relay, { orgId });
  relay.api.isUp = false;
  const connection = await server.connect();
  const command = await server.submit();
  await server.commands(connection);
  await server.finish(connection, command);
  await relay.stop();
  relay.api.isUp = true;
  await relay.start();
  // Nobody calls the object: its alarm does it.
  const reports = await eventually(
    () => relay.api.reports(server.serverId),
    (all) => all.some((report) => report.kind === "result"),
  );
  expect(reports.map((report) => report.kind).slice(0, 3)).toEqual(["online", "dispatched", "result"]);
  await eventually(
    () => relay.api.reports(server.serverId),
    (all) => all.at(-1)?.kind === "offline",
  );
});

test("[F4] a bridge that lost its journal: what it had is indeterminate, what it never acknowledged is sent again", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const before = await server.connect();
  const had = await server.submit({ projectId: id("project") });
  await server.commands(before);
  const never = await server.submit({ projectId: id("project") });
  await server.commands(before, { isAcknowledged: false });
  before.peer.close();
  server.sessionId = id("session");
  server.commandsReceived = 0;
  const after = await server.connect();
  expect(await server.commands(after)).toMatchObject([{ runId: never.runId, seq: 1 }]);
  const ended = await eventually(
    () => relay.api.reports(server.serverId).find((report) => report.kind === "ended"),
    (report) => report !== undefined,
  );
  expect(ended).toMatchObject({ runId: had.runId, verdict: "indeterminate", code: "BRIDGE_STATE_LOST" });
  await server.finish(after, never);
});

test("[F10] an object with nothing to do has no alarm", async () => {
  const own = await mkdtemp(join(tmpdir(), "quarterdeck-relay-alarm-"));
  const quiet = await RelayRuntime.start({ persistFolder: own });
  try {
    const server = await FakeServer.make(quiet, { orgId });
    const { peer } = await server.connect();
    expect(quiet.countAlarms()).toBe(1);
    peer.close();
    await eventually(
      () => quiet.api.reports(server.serverId),
      (all) => all.some((report) => report.kind === "offline"),
    );
    await eventually(
      () => quiet.countAlarms(),
      (total) => total === 0,
    );
  } finally {
    await quiet.stop();
    await rm(own, { recursive: true });
  }
});
