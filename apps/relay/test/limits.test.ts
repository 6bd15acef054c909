import { limits } from "@quarterdeck/core/protocol/limits";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FakeServer } from "./fake-bridge.ts";
import { openViewer } from "./fake-viewer.ts";
import { eventually } from "./peer.ts";
import { orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";

let relay: RelayRuntime;
beforeAll(async () => {
  relay = await RelayRuntime.start();
});
afterAll(() => relay.stop());

/** More than the burst, and what the rate adds while they are on the way. */
const tooMany = 2 * limits.controlFramesBurst;

/** Connects and sends more than a bridge may. */
async function flood(server: FakeServer): Promise<void> {
  const { peer, welcome } = await server.connect();
  const frame = { type: "ack", epoch: welcome.epoch, stream: "commands", through: 0 };
  for (let count = 0; count < tooMany; count++) peer.send(frame);
  expect(await peer.next("error")).toMatchObject({ code: "RATE_LIMITED" });
  expect(await peer.closed()).toMatchObject({ code: 4429 });
}

test("[W1] a bridge that floods is cut off; one that repeats it is quarantined, and the platform hears of it", async () => {
  const server = await FakeServer.make(relay, { orgId });
  for (let round = 0; round < limits.rateStrikes; round++) await flood(server);
  const refused = server.dial();
  await refused.next("challenge");
  refused.send({ type: "hello", ...(await server.hello(refused.texts[0] ?? "")) });
  const refusal = await refused.next<{ type: string; code: string; retryAfterMs: number }>("refuse");
  expect(refusal.code).toBe("RATE_LIMITED");
  expect(refusal.retryAfterMs).toBeGreaterThan(limits.firstQuarantineMs / 2);
  expect(refusal.retryAfterMs).toBeLessThanOrEqual(limits.firstQuarantineMs);
  expect(await refused.closed()).toMatchObject({ code: 4429 });
  const reports = await eventually(
    () => relay.api.reports(server.serverId).filter((report) => report.kind === "quarantined"),
    (all) => all.length > 0,
  );
  expect(reports).toHaveLength(1);
  // The count is in storage: an object that starts again goes on refusing, until the server is enrolled again.
  await eventually(
    () => relay.isDelivered(server.serverId),
    (isDelivered) => isDelivered,
  );
  await relay.evict(server.serverId);
  const again = server.dial();
  await again.next("challenge");
  again.send({ type: "hello", ...(await server.hello(again.texts[0] ?? "")) });
  expect(await again.closed()).toMatchObject({ code: 4429 });
  await server.outbox({ kind: "register", orgId, publicKey: server.publicKey });
  await server.connect();
});

test("[W1] a viewer that floods is cut off alone", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const bridge = await server.connect();
  const good = await openViewer(relay, server.serverId, { topics: ["telemetry"] });
  const bad = await openViewer(relay, server.serverId, { topics: ["telemetry"] });
  for (let count = 0; count < tooMany; count++) bad.send({ type: "unwatchTelemetry" });
  expect(await bad.closed()).toMatchObject({ code: 4429 });
  good.send({ type: "watchTelemetry" });
  await bridge.peer.next<{ type: string; telemetry: boolean }>("interest", (frame) => frame.telemetry);
  await server.finish(bridge, await server.submit());
});

test("[W1] commands and results are bounded by their windows, not by the rate of frames", {
  timeout: 60_000,
}, async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  const runs = limits.controlFramesBurst + 50;
  for (let count = 0; count < runs; count++) {
    const command = await server.submit();
    await server.commands(connection);
    await server.finish(connection, command);
  }
  expect(server.resultsSent).toBe(runs);
});
