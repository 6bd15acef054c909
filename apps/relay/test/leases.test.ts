import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import { dayMs, hourMs } from "@quarterdeck/core/units";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Connection, FakeServer } from "./fake-bridge.ts";
import { eventually } from "./peer.ts";
import { orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";

let relay: RelayRuntime;
let folder: string;
let aheadMs = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quarterdeck-relay-leases-"));
  relay = await RelayRuntime.start({ persistFolder: folder, isInstrumented: true });
});
afterEach(() => moveClock(0));
afterAll(async () => {
  await relay.stop();
  await rm(folder, { recursive: true });
});

async function moveClock(toMs: number): Promise<void> {
  aheadMs = toMs;
  await relay.moveClock(toMs);
}

const whole = { cpu: 2000, memory: 1024, runs: 1 };

/** A server that has taken a run which may not go on alone, and that holds all it has, and another that waits for it. */
async function busyServer() {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  const run = await server.submit({ demand: whole, detached: false });
  const next = await server.submit({ demand: whole });
  await server.commands(connection);
  return { server, connection, run, next };
}

/** The connection ends, and the relay has said so. */
async function leave(server: FakeServer, { peer }: Connection): Promise<void> {
  peer.close();
  await eventually(
    () => relay.api.reports(server.serverId).filter(({ kind }) => kind === "offline"),
    (all) => all.length > 0,
  );
}

/** Time passes, and the alarm rings once a minute. */
async function pass(server: FakeServer, forMs: number): Promise<void> {
  for (let passedMs = 0; passedMs < forMs; passedMs += limits.leaseLookMs) {
    await moveClock(aheadMs + limits.leaseLookMs);
    await relay.ring(server.serverId);
  }
}

async function stateOf(server: FakeServer, runId: RunId) {
  return (await relay.waiting(server.serverId, runId)).state;
}

const ends = (server: FakeServer) => relay.api.reports(server.serverId).filter(({ kind }) => kind === "ended");

test("[F7] a server that does not return gives back what its run held, says so once, and what comes late is reported", async () => {
  const { server, connection, run, next } = await busyServer();
  await leave(server, connection);
  await pass(server, limits.leaseMs - limits.leaseLookMs);
  expect(await stateOf(server, run.runId)).toBe("dispatched");
  await relay.evict(server.serverId);
  await pass(server, limits.leaseLookMs);
  expect(await stateOf(server, run.runId)).toBe("ended");
  const told = await eventually(
    () => ends(server),
    (all) => all.length > 0,
  );
  expect(told).toMatchObject([{ runId: run.runId, verdict: "indeterminate", code: "LEASE_EXPIRED" }]);
  await moveClock(0);

  // It comes back: there is room for the next one, and the result of the first comes late.
  const back = await server.connect();
  expect((await server.commands(back)).map(({ runId }) => runId)).toEqual([next.runId]);
  const third = await server.submit({ demand: whole });
  await server.finish(back, run);
  await eventually(
    () => relay.api.reports(server.serverId).filter(({ kind }) => kind === "result"),
    (all) => all.length === 1,
  );
  // What it held was given back before, and is not again.
  expect(await stateOf(server, third.runId)).toBe("waiting");
  expect(ends(server)).toHaveLength(1);
  await server.finish(back, next);
  expect((await server.commands(back)).map(({ runId }) => runId)).toEqual([third.runId]);
});

test("[F7] after a restart of the relay, and a jump of its clock, the full interval is granted again", async () => {
  const { server, connection, run } = await busyServer();
  await leave(server, connection);
  await pass(server, limits.leaseMs - limits.leaseLookMs);
  await relay.stop();
  await relay.start();
  // The relay was away for an hour: nobody could have come back.
  await moveClock(aheadMs + hourMs);
  await relay.ring(server.serverId);
  expect(await stateOf(server, run.runId)).toBe("dispatched");
  for (const jumpMs of [3652 * dayMs, -3652 * dayMs, hourMs]) {
    await pass(server, limits.leaseMs - limits.leaseLookMs);
    await moveClock(aheadMs + jumpMs);
    await relay.ring(server.serverId);
    expect(await stateOf(server, run.runId)).toBe("dispatched");
  }
  await pass(server, limits.leaseMs);
  expect(await stateOf(server, run.runId)).toBe("ended");
});

test("[F10] a lease writes nothing while its server is there, one row a minute while it is away, and sets the one alarm", async () => {
  const { server, connection } = await busyServer();
  await eventually(() => relay.isDelivered(server.serverId), Boolean);
  const connected = await relay.rows();
  for (let times = 0; times < 3; times++) await relay.ring(server.serverId);
  const alarms = 3;
  expect((await relay.rows()).written - connected.written).toBe(alarms);
  await leave(server, connection);
  await eventually(() => relay.isDelivered(server.serverId), Boolean);
  const away = await relay.rows();
  await pass(server, 3 * limits.leaseLookMs);
  // A look, and the alarm.
  expect((await relay.rows()).written - away.written).toBe(3 * 2);
});
