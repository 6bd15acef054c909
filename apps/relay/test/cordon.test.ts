import { afterAll, beforeAll, expect, test } from "vitest";
import { capabilities, FakeServer } from "./fake-bridge.ts";
import { eventually } from "./peer.ts";
import { orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";

let relay: RelayRuntime;
beforeAll(async () => {
  relay = await RelayRuntime.start();
});
afterAll(() => relay.stop());

test("PROTOCOL 21: a cordoned server starts nothing but reads, also after the object was evicted, until it is told otherwise [T3]", async () => {
  const server = await FakeServer.make(relay, { orgId });
  server.capabilities = { ...capabilities, actions: ["exec", "git.status"] };
  const connection = await server.connect();
  const before = await server.submit();
  expect(await server.commands(connection)).toMatchObject([{ runId: before.runId }]);
  await server.outbox({ kind: "cordon", isCordoned: true });
  const held = await server.submit();
  expect(await relay.waiting(server.serverId, held.runId)).toMatchObject({ waiting: { reason: "cordoned" } });
  const read = await server.submit({
    action: "git.status",
    effect: "idempotent",
    demand: { cpu: 0, memory: 0, runs: 0 },
  });
  expect(await server.commands(connection)).toMatchObject([{ runId: read.runId }]);
  await relay.evict(server.serverId);
  const again = await server.connect();
  expect(await relay.waiting(server.serverId, held.runId)).toMatchObject({ waiting: { reason: "cordoned" } });
  await server.outbox({ kind: "cordon", isCordoned: false });
  expect(await server.commands(again)).toMatchObject([{ runId: held.runId }]);
});

test("PROTOCOL 21.3: the API hears that a cordon was taken after every start from before it", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  const { runId } = await server.submit();
  await server.commands(connection);
  const position = await server.outbox({ kind: "cordon", isCordoned: true });
  const reports = await eventually(
    () => relay.api.reports(server.serverId),
    (said) => said.at(-1)?.kind === "cordonTaken",
  );
  expect(reports.slice(-2)).toMatchObject([
    { kind: "dispatched", runId },
    { kind: "cordonTaken", position },
  ]);
});
