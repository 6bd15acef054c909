import { encodeReadings } from "@quarterdeck/core/protocol/compact-readings";
import { limits } from "@quarterdeck/core/protocol/limits";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FakeServer } from "./fake-bridge.ts";
import { assemble, ends, openViewer } from "./fake-viewer.ts";
import { dispatched, type InterestFrame, sample } from "./output-source.ts";
import { orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";
import { sealedLike } from "./sealed-piece.ts";

let relay: RelayRuntime;
beforeAll(async () => {
  relay = await RelayRuntime.start();
});
afterAll(() => relay.stop());

/** What the first version of the console knew. */
const firstFrames = ["authorized", "server", "telemetry", "output", "gap", "error"];

/** Sends a flood of lines and of samples to a page. Returns it when it has everything. */
async function flooded(features: string | null) {
  const server = await FakeServer.make(relay, { orgId });
  const { connection, runId } = await dispatched(server);
  const viewer = await openViewer(relay, server.serverId, { topics: ["telemetry", `output:${runId}`], features });
  viewer.send({ type: "watchTelemetry" });
  viewer.send({ type: "watchOutput", runId, fromOffset: 0 });
  await connection.peer.next<InterestFrame>("interest", (frame) => frame.telemetry && frame.runs.length > 0);
  const { epoch } = connection.welcome;
  const lines = 100;
  const readings = encodeReadings([sample]);
  for (let line = 0; line < lines; line++) {
    const data = sealedLike(Buffer.from("0123456789"));
    connection.peer.send({ type: "output", epoch, runId, offset: line * 10, data, isEnd: line === lines - 1 });
    if (line <= limits.framesPerCheckpoint) connection.peer.send({ type: "telemetry", epoch, readings });
  }
  await viewer.until(() => ends(viewer) > 0, "the end");
  expect(assemble(viewer.frames).toString()).toBe("0123456789".repeat(lines));
  const types = new Set(viewer.texts.map((text) => (JSON.parse(text) as { type: string }).type));
  return { viewer, types };
}

test.each([[null], [""], ["holograms"]])(
  "[F11] a page that names %j as what it knows gets no frame that is newer",
  async (features) => {
    const { types } = await flooded(features);
    expect([...types].filter((type) => !firstFrames.includes(type))).toEqual([]);
  },
);

test("[F11] a page that knows more than this relay gets what both know", async () => {
  const { viewer, types } = await flooded("batch,checkpoint,holograms");
  expect(types).toContain("batch");
  expect(viewer.frames.some((frame) => frame.type === "checkpoint")).toBe(true);
});

test("[F11] what a page knows outlives an eviction", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const { connection, runId } = await dispatched(server);
  const topics = [`output:${runId}` as const];
  const old = await openViewer(relay, server.serverId, { topics, features: null });
  const current = await openViewer(relay, server.serverId, { topics });
  for (const viewer of [old, current]) viewer.send({ type: "watchOutput", runId, fromOffset: 0 });
  const isWatched = (frame: InterestFrame) => frame.runs.length > 0;
  await connection.peer.next<InterestFrame>("interest", isWatched);
  await connection.peer.next<InterestFrame>("interest", isWatched);
  await relay.evict(server.serverId);
  const { epoch } = connection.welcome;
  for (let line = 0; line < 50; line++) {
    const data = sealedLike(Buffer.from("0123456789"));
    connection.peer.send({ type: "output", epoch, runId, offset: line * 10, data, isEnd: line === 49 });
  }
  await Promise.all([old, current].map((viewer) => viewer.until(() => ends(viewer) > 0, "the end")));
  expect(old.texts.some((text) => text.includes('"batch"'))).toBe(false);
  expect(current.texts.some((text) => text.includes('"batch"'))).toBe(true);
});
