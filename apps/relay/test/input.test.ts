import type { RunId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import { afterAll, beforeAll, expect, test } from "vitest";
import { capabilities, type Connection, FakeServer } from "./fake-bridge.ts";
import { openViewer } from "./fake-viewer.ts";
import { dispatched } from "./output-source.ts";
import { eventually, type Frame, type Peer } from "./peer.ts";
import { orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";
import { sealedLike } from "./sealed-piece.ts";

let relay: RelayRuntime;
beforeAll(async () => {
  relay = await RelayRuntime.start();
});
afterAll(() => relay.stop());

type Input = Frame & { runId: RunId; writer: string; seq: number; data: string };

const turn = { id: "t".repeat(22), keyEpoch: 1 };
const hello = sealedLike(Buffer.from("hello"));

function type(peer: Peer, runId: RunId, seq: number, data = hello): void {
  peer.send({ type: "input", runId, writer: "me", seq, turn: turn.id, data, isEnd: false });
}

function answer({ peer, welcome }: Connection, runId: RunId, through: number, code: string | null = null): void {
  const message = code && "no";
  peer.send({ type: "inputState", epoch: welcome.epoch, runId, writer: "me", through, turn, code, message });
}

async function typist() {
  const server = await FakeServer.make(relay, { orgId });
  const { connection, runId } = await dispatched(server);
  const viewer = await openViewer(relay, server.serverId, { topics: [`input:${runId}`] });
  return { server, connection, runId, viewer };
}

test("what a viewer types reaches the bridge as it is and in order, and the answer reaches the viewer, also after an eviction", async () => {
  const { server, connection, runId, viewer } = await typist();
  type(viewer, runId, 1);
  const world = sealedLike(Buffer.from("world"));
  type(viewer, runId, 2, world);
  expect(await connection.peer.next<Input>("input")).toEqual({
    type: "input",
    runId,
    writer: "me",
    seq: 1,
    turn: turn.id,
    data: hello,
    isEnd: false,
  });
  expect(await connection.peer.next<Input>("input")).toMatchObject({ seq: 2, data: world });
  await eventually(
    () => relay.isDelivered(server.serverId),
    (isDelivered) => isDelivered,
  );
  await relay.evict(server.serverId);
  answer(connection, runId, 2);
  const state = { type: "inputState", runId, writer: "me", through: 2, turn, code: null, message: null };
  expect(await viewer.next("inputState")).toEqual(state);
  // Nothing of it is in the object's storage.
  const tables = await relay.sql(server.serverId, "SELECT name FROM sqlite_master WHERE type = 'table'");
  for (const { name } of tables) {
    if (String(name).startsWith("_cf")) continue;
    expect(JSON.stringify(await relay.sql(server.serverId, `SELECT * FROM ${String(name)}`))).not.toContain(hello);
  }
});

test("[W5] nobody types into a run without a ticket that says so: not who watches its output, not who types into another", async () => {
  const { server, connection, runId, viewer } = await typist();
  const watcher = await openViewer(relay, server.serverId, { topics: ["telemetry", `output:${runId}`] });
  type(watcher, runId, 1);
  expect(await watcher.next("error")).toMatchObject({ code: "FORBIDDEN" });
  const { runId: other } = await server.submit();
  type(viewer, other, 1);
  expect(await viewer.next("error")).toMatchObject({ code: "FORBIDDEN" });
  type(viewer, runId, 1);
  expect(await connection.peer.next<Input>("input")).toMatchObject({ runId, seq: 1 });
  expect(connection.peer.frames.filter((frame) => frame.type === "input")).toHaveLength(1);
  answer(connection, runId, 1);
  await viewer.next("inputState");
  // What the watcher was sent before it asked has arrived before the answer.
  type(watcher, runId, 2);
  await watcher.next("error");
  expect(watcher.frames.some((frame) => frame.type === "inputState")).toBe(false);
});

test("a viewer is told when the server is away, and why the bridge refuses", async () => {
  const { connection, runId, viewer } = await typist();
  type(viewer, runId, 1);
  answer(connection, runId, 0, "ALREADY_ENDED");
  expect(await viewer.next("inputState")).toMatchObject({ through: 0, code: "ALREADY_ENDED" });
  connection.peer.close();
  await viewer.next<Frame & { isOnline: boolean }>("server", (frame) => !frame.isOnline);
  type(viewer, runId, 2);
  expect(await viewer.next("inputState")).toMatchObject({ code: "SERVER_OFFLINE" });
});

test("[F11] a bridge that knows no sealed input is sent none; whoever types is told to update it", async () => {
  const server = await FakeServer.make(relay, { orgId });
  server.capabilities = { ...capabilities, features: ["drain"] };
  const { connection, runId } = await dispatched(server);
  const viewer = await openViewer(relay, server.serverId, { topics: [`input:${runId}`] });
  type(viewer, runId, 1);
  const refused = {
    through: 0,
    turn: null,
    code: "COMMAND_UNSUPPORTED",
    message: expect.stringContaining("Update it"),
  };
  expect(await viewer.next("inputState")).toMatchObject(refused);
  expect(connection.peer.frames.some((frame) => frame.type === "input")).toBe(false);
});

test("[W1] one who types more than the window allows is cut off; one who waits for the answers types on for ever", async () => {
  const { server, connection, runId, viewer } = await typist();
  for (let seq = 1; seq <= limits.inputInFlight + 1; seq++) type(viewer, runId, seq);
  expect(await viewer.next("error")).toMatchObject({ code: "RATE_LIMITED" });
  expect(await viewer.closed()).toMatchObject({ code: 4429 });
  await connection.peer.next<Input>("input", (frame) => frame.seq === limits.inputInFlight);
  const patient = await openViewer(relay, server.serverId, { topics: [`input:${runId}`] });
  const pieces = 2 * limits.controlFramesBurst;
  for (let seq = 1; seq <= pieces; seq++) {
    type(patient, runId, seq);
    await connection.peer.next<Input>("input", (frame) => frame.seq === seq);
    answer(connection, runId, seq);
    await patient.next<Frame & { through: number }>("inputState", (frame) => frame.through === seq);
  }
  expect(connection.peer.frames.filter((frame) => frame.type === "input")).toHaveLength(limits.inputInFlight + pieces);
});

test("[W1] a bridge that answers what nobody typed is cut off", async () => {
  const { connection, runId } = await typist();
  for (let count = 0; count < 2 * limits.controlFramesBurst; count++) answer(connection, runId, count);
  expect(await connection.peer.next("error")).toMatchObject({ code: "RATE_LIMITED" });
  expect(await connection.peer.closed()).toMatchObject({ code: 4429 });
});

test("[W3] an answer of an older connection reaches nobody", async () => {
  const { server, connection, runId, viewer } = await typist();
  type(viewer, runId, 1);
  await connection.peer.next<Input>("input");
  await server.connect();
  answer(connection, runId, 1);
  expect(await connection.peer.closed()).toMatchObject({ code: 4009 });
  expect(viewer.frames.some((frame) => frame.type === "inputState")).toBe(false);
});

test("what was typed towards a connection that is gone takes no room from what is typed to the next", async () => {
  const { server, connection, runId, viewer } = await typist();
  for (let seq = 1; seq <= limits.inputInFlight; seq++) type(viewer, runId, seq);
  await connection.peer.next<Input>("input", (frame) => frame.seq === limits.inputInFlight);
  await viewer.next("server"); // As it was when the viewer came.
  const next = await server.connect();
  await viewer.next("server");
  type(viewer, runId, limits.inputInFlight + 1);
  expect(await next.peer.next<Input>("input")).toMatchObject({ seq: limits.inputInFlight + 1 });
  expect(viewer.frames.some((frame) => frame.type === "error")).toBe(false);
});
