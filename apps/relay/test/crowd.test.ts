import { createHash } from "node:crypto";
import { encodeReadings } from "@quarterdeck/core/protocol/compact-readings";
import { clearLength } from "@quarterdeck/core/protocol/content-format";
import { limits } from "@quarterdeck/core/protocol/limits";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FakeServer } from "./fake-bridge.ts";
import { FakePage } from "./fake-page.ts";
import { openViewer, type OutputFrame } from "./fake-viewer.ts";
import { dispatched, OutputSource, sample } from "./output-source.ts";
import { eventually, type Peer } from "./peer.ts";
import { orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";

let relay: RelayRuntime;
beforeAll(async () => {
  relay = await RelayRuntime.start();
});
afterAll(() => relay.stop());

const good = 200;

/** What a viewer that answers nothing was sent. */
function sentTo({ frames }: Peer) {
  const output = frames.filter((frame) => frame.type === "output") as OutputFrame[];
  return {
    end: Math.max(0, ...output.map(({ offset, data }) => offset + clearLength(data))),
    samples: frames.filter((frame) => frame.type === "telemetry").length,
    hasMark: frames.some((frame) => frame.type === "checkpoint"),
  };
}

test("[F9] one viewer that reads nothing and one that answers nothing, beside 200 good ones", {
  timeout: 120_000,
}, async () => {
  const server = await FakeServer.make(relay, { orgId });
  const { connection, runId } = await dispatched(server);
  const bytes = Buffer.alloc(400 * 1024, crypto.getRandomValues(new Uint8Array(60_000)));
  const digest = createHash("sha256").update(bytes).digest("hex");
  const source = new OutputSource(connection, runId, bytes);
  const open = () => openViewer(relay, server.serverId, { topics: ["telemetry", `output:${runId}`] });
  const [deaf, dumb] = [await open(), await open()];
  const pages = (await Promise.all(Array.from({ length: good }, open))).map((peer) => new FakePage(peer));
  for (const peer of [deaf, dumb, ...pages.map((page) => page.peer)]) {
    peer.send({ type: "watchTelemetry" });
    peer.send({ type: "watchOutput", runId, fromOffset: 0 });
  }
  await eventually(
    () => connection.peer.frames.filter((frame) => frame.type === "interest").length,
    (interests) => interests > good + 2,
  );
  deaf.socket.pause();

  const samples = 3 * limits.framesPerCheckpoint;
  for (let atMs = 1; atMs <= samples; atMs++) {
    connection.peer.send({
      type: "telemetry",
      epoch: connection.welcome.epoch,
      readings: encodeReadings([{ ...sample, atMs }]),
    });
    if (atMs % 8 > 0) continue;
    // As seconds would: the good ones have answered a mark long before it is missed.
    await eventually(
      () => source.step(),
      () => pages.every((page) => page.samples >= atMs),
    );
  }
  await eventually(
    () => source.step(),
    () => pages.every((page) => page.hasEnded),
  );
  for (const page of pages) {
    expect(page.digest()).toBe(digest);
    expect(page.samples).toBe(samples);
  }

  // What waits in the relay for the two is bounded by their share of what may wait.
  const share = limits.viewersBehindBytes / (good + 2) + limits.outputChunkBytes;
  deaf.socket.resume();
  for (const peer of [deaf, dumb]) {
    await peer.until(() => sentTo(peer).samples === 2 * limits.framesPerCheckpoint, "what waited");
    expect(sentTo(peer).end).toBeLessThan(share);
    // From now on it answers: it gets the newest sample at once, and the rest of the output from the server.
    const page = new FakePage(peer);
    const { frames } = peer;
    const late = frames.splice(0);
    peer.send({ type: "reached", number: 1 });
    await eventually(
      () => page.newestSampleMs,
      (newestMs) => newestMs === samples,
    );
    expect(page.samples).toBe(1);
    expect(late.length).toBeGreaterThan(0);
    peer.send({ type: "watchOutput", runId, fromOffset: 0 });
    await eventually(
      () => source.step(),
      () => page.hasEnded,
    );
    expect(page.digest()).toBe(digest);
  }
  for (const peer of [deaf, dumb, ...pages.map((page) => page.peer)]) peer.close();
});
