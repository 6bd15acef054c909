import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeReadings } from "@quarterdeck/core/protocol/compact-readings";
import { capabilities, FakeServer } from "./fake-bridge.ts";
import { openViewer } from "./fake-viewer.ts";
import { sample } from "./output-source.ts";
import { eventually } from "./peer.ts";
import { id, orgId } from "./platform.ts";
import { protocolRange as ourRange } from "@quarterdeck/core/protocol/version";
import { RelayRuntime } from "./relay-runtime.ts";

let relay: RelayRuntime;
beforeAll(async () => {
  relay = await RelayRuntime.start();
});
afterAll(() => relay.stop());

const reportsOf = (server: FakeServer, kind: string) =>
  relay.api.reports(server.serverId).filter((report) => report.kind === kind);
const { features: _, ...older } = capabilities;

test("[F11] a bridge from before features is welcomed and gets commands; nothing is made up of what it can do", async () => {
  const server = await FakeServer.make(relay, { orgId });
  server.capabilities = older;
  const connection = await server.connect();
  const { runId } = await server.submit();
  expect((await server.commands(connection)).map((command) => command.runId)).toEqual([runId]);
  const [online] = await eventually(
    () => reportsOf(server, "online"),
    (all) => all.length === 1,
  );
  expect(online).toMatchObject({ capabilities: older });
  expect(online).not.toHaveProperty("capabilities.features");
});

test("[F11] a newer bridge of the same major version is welcomed: what this relay does not know is left out", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const newer = { ...capabilities, features: ["drain", "teleport"], shields: { raised: true } };
  server.capabilities = newer;
  const peer = server.dial();
  await peer.next("challenge");
  const newest = ourRange.max;
  const protocolRange = { min: { major: 1, minor: 0 }, max: { major: 1, minor: newest.minor + 7 } };
  const parts = { protocolRange, mood: "bold" };
  peer.send({ type: "hello", ...(await server.hello(peer.texts[0] ?? "", parts)) });
  const { signed } = await peer.next<{ type: string; signed: string }>("welcome");
  expect(JSON.parse(signed)).toMatchObject({ protocol: newest });
  const [online] = await eventually(
    () => reportsOf(server, "online"),
    (all) => all.length === 1,
  );
  expect(online).toMatchObject({ capabilities: { features: ["drain", "teleport"] } });
  expect(online).not.toHaveProperty("capabilities.shields");
});

test("[F11] what waits and an older bridge cannot do is refused and never sent", async () => {
  const server = await FakeServer.make(relay, { orgId });
  server.capabilities = { ...capabilities, actions: ["exec", "git.pull"] };
  const connection = await server.connect();
  const projectId = id("project");
  await server.submit({ projectId });
  const [running] = await server.commands(connection);
  if (!running) throw new Error("nothing was dispatched");
  const waiting = await server.submit({ projectId, action: "git.pull", effect: "idempotent", params: {} });
  const behind = await server.submit({ projectId });

  server.capabilities = { ...capabilities, bridgeVersion: "0.0.9" };
  const again = await server.connect();
  const [ended] = await eventually(
    () => reportsOf(server, "ended"),
    (all) => all.length === 1,
  );
  expect(ended).toMatchObject({ runId: waiting.runId, verdict: "refused", code: "COMMAND_UNSUPPORTED" });
  expect(ended).toMatchObject({ message: expect.stringMatching(/version 0\.0\.9.* git\.pull/) });
  // And the order behind it goes on.
  await server.finish(again, running);
  expect((await server.commands(again)).map(({ runId }) => runId)).toEqual([behind.runId]);
  const late = await server.submit({ action: "git.pull", effect: "idempotent", params: {} });
  await eventually(
    () => reportsOf(server, "ended"),
    (all) => all.some((report) => "runId" in report && report.runId === late.runId),
  );
});

test("[F11] a bridge that knows no drain is sent away instead of being sent a frame that it cannot read", async () => {
  const server = await FakeServer.make(relay, { orgId });
  server.capabilities = older;
  const { peer } = await server.connect();
  const path = `/api/servers/${server.serverId}/drain`;
  const answer = await relay.request(path, { method: "POST", body: JSON.stringify({ spreadMs: 1000 }) });
  expect(await answer.json()).toEqual({ isConnected: true });
  expect(await peer.closed()).toMatchObject({ code: 1001 });
  expect(peer.texts.join()).not.toContain('"drain"');
});

/** What a bridge of version 1.0 without features can read after its welcome: a field more, and it closes with 4400. */
const firstFrames: Readonly<Record<string, readonly string[]>> = {
  commands: ["items", "type"],
  ack: ["stream", "through", "type"],
  historyStored: ["through", "type"],
  interest: ["runs", "telemetry", "type"],
  credit: ["bytes", "stream", "type"],
  keys: ["statements", "type"],
};

test("[F11] a bridge whose versions end at 1.0 is spoken to in 1.0: it is sent nothing that is newer", async () => {
  const server = await FakeServer.make(relay, { orgId });
  server.capabilities = older;
  const first = { major: 1, minor: 0 };
  const connection = await server.connect({ protocolRange: { min: first, max: first } });
  const { peer, welcome } = connection;
  expect(welcome.protocol).toEqual(first);
  // Everything that makes a relay say something, also what 1.1 brought: somebody watches a workspace, and head and input come.
  const command = await server.submit();
  const [run] = await server.commands(connection);
  if (!run || command.workspaceId === null) throw new Error("nothing was dispatched");
  const topics = [
    "telemetry",
    `telemetry:${command.workspaceId}`,
    `output:${run.runId}`,
    `input:${run.runId}`,
  ] as const;
  const viewer = await openViewer(relay, server.serverId, { topics: [...topics] });
  viewer.send({ type: "watchTelemetry" });
  await peer.next("interest", (frame) => frame["telemetry"] === true);
  viewer.send({ type: "watchOutput", runId: run.runId, fromOffset: 0 });
  await peer.next("interest", (frame) => (frame["runs"] as unknown[]).length === 1);
  const head = { signed: "{}", signature: "A".repeat(86) };
  const told = await relay.request(`/api/servers/${server.serverId}/audit-head`, {
    method: "POST",
    body: JSON.stringify({ head }),
  });
  expect(await told.json()).toEqual({ isTold: false });
  const readings = encodeReadings([{ ...sample, atMs: Date.now() }]);
  peer.send({ type: "history", epoch: welcome.epoch, through: 1, readings, gaps: [] });
  await peer.next("historyStored");
  peer.send({ type: "telemetry", epoch: welcome.epoch, readings });
  expect(await viewer.next("telemetry")).toMatchObject({ readings });
  await server.finish(connection, run);

  const said = peer.frames.filter(({ type }) => type !== "challenge" && type !== "welcome");
  expect(new Set(said.map(({ type }) => type))).toEqual(new Set(["commands", "interest", "historyStored", "ack"]));
  for (const frame of said)
    expect([frame.type, Object.keys(frame).toSorted()]).toEqual([frame.type, firstFrames[frame.type]]);
});
