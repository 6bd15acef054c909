import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { limits } from "@quarterdeck/core/protocol/limits";
import { secondMs } from "@quarterdeck/core/units";
import { expect, onTestFinished, test } from "vitest";
import { FakeServer } from "./fake-bridge.ts";
import { eventually } from "./peer.ts";
import { id, orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";

const spreadMs = 30 * secondMs;

test("[F12] after a restart of the relay a bridge of a large fleet has its whole spread to come back", async () => {
  const persistFolder = await mkdtemp(join(tmpdir(), "quarterdeck-relay-grace-"));
  const relay = await RelayRuntime.start({ persistFolder, isInstrumented: true });
  onTestFinished(async () => {
    await relay.stop();
    await rm(persistFolder, { recursive: true });
  });
  relay.api.spreadMs = spreadMs;
  const [returning, gone] = [await FakeServer.make(relay, { orgId }), await FakeServer.make(relay, { orgId })];
  const reported = async () =>
    (await relay.isDelivered(returning.serverId)) && (await relay.isDelivered(gone.serverId));
  for (const server of [returning, gone]) await server.connect();
  await eventually(reported, Boolean);
  await relay.stop();
  await relay.start();

  const offline = () => {
    const reports = [returning, gone].flatMap(({ serverId }) => relay.api.reports(serverId));
    return reports.filter(({ kind }) => kind === "offline");
  };
  // Somebody asks for the servers at once, which wakes their objects.
  for (const { serverId } of [returning, gone]) {
    expect(await relay.waiting(serverId, id("run"))).toMatchObject({ isOnline: false });
  }
  await relay.moveClock(spreadMs);
  for (const { serverId } of [returning, gone]) await relay.ring(serverId);
  expect((await relay.sql(returning.serverId, "SELECT is_online FROM server"))[0]).toEqual({ is_online: 1 });
  await returning.connect();
  await eventually(reported, Boolean);
  expect(offline()).toEqual([]);

  await relay.moveClock(spreadMs + 2 * limits.handshakeStepMs);
  for (const { serverId } of [returning, gone]) await relay.ring(serverId);
  await eventually(offline, (reports) => reports.length > 0);
  await eventually(reported, Boolean);
  expect(offline()).toMatchObject([{ reason: "the relay was started again and the server has not come back yet" }]);
  expect(relay.api.reports(gone.serverId).at(-1)).toMatchObject({ kind: "offline" });
});
