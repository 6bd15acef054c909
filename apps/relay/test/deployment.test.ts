import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunId } from "@quarterdeck/core/ids";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FakeServer } from "./fake-bridge.ts";
import { eventually } from "./peer.ts";
import { id, orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";
import { TirelessBridge } from "./tireless-bridge.ts";

let relay: RelayRuntime;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quarterdeck-relay-deployment-"));
  relay = await RelayRuntime.start({ persistFolder: folder });
});
afterAll(async () => {
  await relay.stop();
  await rm(folder, { recursive: true });
});

test("[F3] a deployment with 1,000 commands in flight loses none and sends none to be run again", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const capacity = { cpu: 10_000_000, memory: 10_000_000_000, runs: 2000 };
  server.capabilities = { ...server.capabilities, capacity };
  const bridge = new TirelessBridge(server);
  bridge.holdsResults = true; // They are running.
  bridge.start();
  const submitted: RunId[] = [];
  for (let batch = 0; batch < 10; batch++) {
    const made = await Promise.all(
      Array.from({ length: 100 }, () => relay.platform.command(server.serverId, { projectId: id("project") })),
    );
    submitted.push(...made.map(({ command }) => command.runId));
    await server.outbox(...made.map(({ command: _command, ...text }) => ({ kind: "command", ...text })));
    // The deployment comes while the last of them are on their way, some of them neither sent nor acknowledged.
    if (batch === 8)
      await eventually(
        () => bridge.started.length,
        (count) => count > 500,
      );
  }
  const drained = await relay.request(`/api/servers/${server.serverId}/drain`, {
    method: "POST",
    body: JSON.stringify({ spreadMs: 1000 }),
  });
  expect(await drained.json()).toEqual({ isConnected: true });
  await relay.stop();
  bridge.cut();
  await relay.start();
  await eventually(
    () => bridge.started.length,
    (count) => count >= submitted.length,
  );
  bridge.sendResults();
  const results = () => relay.api.reports(server.serverId).filter((report) => report.kind === "result");
  await eventually(results, (all) => all.length >= submitted.length);
  await bridge.stop();
  expect(bridge.started.toSorted()).toEqual(submitted.toSorted());
  const recorded = results().map(({ signed }) => (JSON.parse(signed) as { runId: RunId }).runId);
  expect(recorded).toEqual(bridge.started);
  expect(bridge.connections).toBeGreaterThan(1);
});
