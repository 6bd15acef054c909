import type { RunId, ServerId } from "@quarterdeck/core/ids";
import { isWithdrawn } from "@quarterdeck/core/protocol/withdrawn-command";
import { minuteMs } from "@quarterdeck/core/units";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Connection, FakeServer } from "./fake-bridge.ts";
import { eventually, type Frame } from "./peer.ts";
import { id, orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";

let relay: RelayRuntime;
beforeAll(async () => {
  relay = await RelayRuntime.start({ isInstrumented: true });
});
afterAll(() => relay.stop());
afterEach(async () => {
  relay.api.renew = undefined;
  await relay.moveClock(0);
});

const awayMs = 20 * minuteMs;
const exclusive = { cpu: 2000, memory: 1024, runs: 1 };

async function sign(serverId: ServerId, runIds: readonly RunId[]) {
  const expiresAtMs = Date.now() + awayMs + 15 * minuteMs;
  const renewed = await Promise.all(
    runIds.map(async (runId) => {
      const { command: _command, ...text } = await relay.platform.command(serverId, {
        runId,
        attempt: 2,
        expiresAtMs,
        demand: exclusive,
      });
      return { runId, ...text };
    }),
  );
  return { renewed };
}

/** What comes next on the commands stream: `null` where a number is only filled. It is acknowledged. */
async function take(server: FakeServer, { peer, welcome }: Connection): Promise<[number, RunId | null][]> {
  const frame = await peer.next<Frame & { items: { seq: number; signed: string; signature: string }[] }>("commands");
  server.commandsReceived = frame.items.at(-1)?.seq ?? 0;
  peer.send({ type: "ack", epoch: welcome.epoch, stream: "commands", through: server.commandsReceived });
  return frame.items.map((item) => {
    const runId = isWithdrawn(item) ? null : (JSON.parse(item.signed) as { runId: RunId }).runId;
    return [item.seq, runId];
  });
}

/** A server that was sent a command, did not acknowledge it, and stays away until its signature has run out. */
async function leftUnacknowledged() {
  const server = await FakeServer.make(relay, { orgId });
  const sent = await server.submit({ projectId: id("project"), demand: exclusive });
  const connection = await server.connect();
  await server.commands(connection, { isAcknowledged: false });
  connection.peer.close();
  await eventually(
    () => relay.api.reports(server.serverId).some((report) => report.kind === "offline"),
    (isOffline) => isOffline,
  );
  await relay.moveClock(awayMs);
  return { server, sent };
}

/** The API is back, and the alarm rings when it is to be asked again. */
async function askAgain(server: FakeServer) {
  relay.api.renew = sign;
  await relay.moveClock(awayMs + minuteMs);
  await relay.ring(server.serverId);
}

const ended = (server: FakeServer) => relay.api.reports(server.serverId).filter((report) => report.kind === "ended");

test("[F2] a command that ran out on its way is signed anew and runs; nobody waits for that behind it", async () => {
  const { server, sent } = await leftUnacknowledged();
  const fresh = { expiresAtMs: Date.now() + awayMs + 15 * minuteMs };
  const small = { cpu: 100, memory: 1, runs: 1 };
  const neighbour = await server.submit({ projectId: id("project"), demand: small, ...fresh });
  const connection = await server.connect();
  // The API is away: the number is filled, and the run of another project goes on.
  expect(await take(server, connection)).toEqual([
    [1, null],
    [2, neighbour.runId],
  ]);
  expect(await relay.waiting(server.serverId, sent.runId)).toMatchObject({
    state: "waiting",
    waiting: { reason: "signature" },
  });
  await server.finish(connection, neighbour);
  await askAgain(server);
  expect(await take(server, connection)).toEqual([[3, sent.runId]]);
  expect(ended(server)).toEqual([]);
});

test("[F2] a command that its bridge had taken before it went away is neither signed anew nor sent again", async () => {
  const { server, sent } = await leftUnacknowledged();
  relay.api.renew = sign;
  server.commandsReceived = 1; // The acknowledgement was lost, not the command.
  const before = relay.api.renewals.length;
  const connection = await server.connect();
  await server.finish(connection, sent);
  const next = await server.submit({ expiresAtMs: Date.now() + awayMs + 15 * minuteMs });
  expect(await take(server, connection)).toEqual([[2, next.runId]]);
  expect(relay.api.renewals.slice(before).flat()).not.toContain(sent.runId);
});

test("a run that the API does not sign anew ends with its word, and its number is filled", async () => {
  const { server, sent } = await leftUnacknowledged();
  relay.api.renew = async () => ({
    refused: [{ runId: sent.runId, code: "FORBIDDEN", message: "The submitter was removed." }],
  });
  const connection = await server.connect();
  expect(await take(server, connection)).toEqual([[1, null]]);
  const [ending] = await eventually(
    () => ended(server),
    (all) => all.length === 1,
  );
  expect(ending).toMatchObject({ runId: sent.runId, verdict: "refused", code: "FORBIDDEN" });
  const next = await server.submit({ expiresAtMs: Date.now() + awayMs + 15 * minuteMs });
  expect(await take(server, connection)).toEqual([[2, next.runId]]);
});

test("[F2] a run that is cancelled while it waits for its new signature never reaches the bridge", async () => {
  const { server, sent } = await leftUnacknowledged();
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  relay.api.renew = async (serverId, runIds) => {
    asked.resolve();
    await answered.promise;
    return await sign(serverId, runIds);
  };
  const connection = await server.connect();
  expect(await take(server, connection)).toEqual([[1, null]]);
  await asked.promise;
  await server.cancel(sent.runId);
  answered.resolve();
  const [ending] = await eventually(
    () => ended(server),
    (all) => all.length === 1,
  );
  expect(ending).toMatchObject({ runId: sent.runId, verdict: "cancelled" });
  const next = await server.submit({ expiresAtMs: Date.now() + awayMs + 15 * minuteMs });
  expect(await take(server, connection)).toEqual([[2, next.runId]]);
});

test("[F10] an object that is thrown out of memory finds the run that it took back", async () => {
  const { server, sent } = await leftUnacknowledged();
  const connection = await server.connect();
  expect(await take(server, connection)).toEqual([[1, null]]);
  await eventually(
    () => relay.isDelivered(server.serverId),
    (isDelivered) => isDelivered,
  );
  await relay.evict(server.serverId);
  await askAgain(server);
  expect(await take(server, connection)).toEqual([[2, sent.runId]]);
});
