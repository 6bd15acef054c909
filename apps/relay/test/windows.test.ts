import { limits } from "@quarterdeck/core/protocol/limits";
import type { Command } from "@quarterdeck/core/protocol/command";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Connection, FakeServer } from "./fake-bridge.ts";
import { eventually, type Frame } from "./peer.ts";
import { id, orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";

let relay: RelayRuntime;
beforeAll(async () => {
  relay = await RelayRuntime.start();
});
afterAll(() => relay.stop());

type Item = { readonly seq: number; readonly signed: string };

/** A server that could run everything at once. */
async function roomyServer(): Promise<FakeServer> {
  const server = await FakeServer.make(relay, { orgId });
  server.capabilities = { ...server.capabilities, capacity: { cpu: 1e9, memory: 1e12, runs: 10_000 } };
  return server;
}

function received({ peer }: Connection): Item[] {
  return peer.frames.flatMap((frame) => (frame.type === "commands" ? (frame["items"] as Item[]) : []));
}

/** Asks something that is answered in its turn: what the relay sent before has arrived then. */
async function settled({ peer, welcome }: Connection): Promise<void> {
  const before = peer.frames.length;
  peer.send({ type: "results", epoch: welcome.epoch, items: [{ seq: 1, signed: "{}", signature: "A".repeat(86) }] });
  await peer.until(() => peer.frames.slice(before).some((frame) => frame.type === "ack"), "the answer");
}

async function submitMany(server: FakeServer, count: number, parts: Partial<Command>): Promise<string[]> {
  const runIds: string[] = [];
  const entries = await Promise.all(
    Array.from({ length: count }, async () => {
      const { command, ...text } = await relay.platform.command(server.serverId, {
        ...parts,
        projectId: id("project"),
      });
      runIds.push(command.runId);
      return { kind: "command", ...text };
    }),
  );
  await server.outbox(...entries);
  return runIds;
}

test.each([
  ["in number", { count: limits.commandsInFlight + 40, parts: {} }],
  ["in bytes", { count: 40, parts: { params: { program: "echo", args: ["x".repeat(60_000)] } } }],
])("[F9] commands on the way are bounded %s, also after an eviction, and all arrive in order", async (_, wish) => {
  const server = await roomyServer();
  const connection = await server.connect();
  await submitMany(server, wish.count, wish.parts);
  await settled(connection);
  const first = received(connection);
  expect(first.length).toBeLessThan(wish.count);
  const largest = Math.max(...first.map(({ signed }) => signed.length));
  const bound = limits.commandsInFlightBytes + largest;
  let acknowledged = 0;
  const acknowledge = () => {
    const items = received(connection);
    const onTheWay = items.slice(acknowledged);
    expect(onTheWay.length).toBeLessThanOrEqual(limits.commandsInFlight);
    expect(onTheWay.reduce((sum, { signed }) => sum + signed.length, 0)).toBeLessThan(bound);
    // Some and not all of them, so that the window moves in steps.
    acknowledged += Math.ceil(onTheWay.length / 3);
    const { epoch } = connection.welcome;
    connection.peer.send({ type: "ack", epoch, stream: "commands", through: acknowledged });
  };
  await eventually(
    () => relay.isDelivered(server.serverId),
    (isDelivered) => isDelivered,
  );
  await relay.evict(server.serverId);
  while (acknowledged < wish.count) {
    acknowledge();
    await settled(connection);
  }
  expect(received(connection).map(({ seq }) => seq)).toEqual(Array.from({ length: wish.count }, (_item, i) => i + 1));
});

test("[F9] a bridge that acknowledges nothing keeps no command from another server", async () => {
  const [slow, neighbour] = [await roomyServer(), await roomyServer()];
  const [stuck, connection] = [await slow.connect(), await neighbour.connect()];
  await submitMany(slow, limits.commandsInFlight + 40, {});
  await settled(stuck);
  expect(received(stuck).length).toBeLessThanOrEqual(limits.commandsInFlight);
  await submitMany(neighbour, 20, {});
  expect(await neighbour.commands(connection)).toHaveLength(20);
  expect(received(stuck).length).toBeLessThanOrEqual(limits.commandsInFlight);
});

test("several commands go in one frame, and several results are acknowledged once", async () => {
  const server = await roomyServer();
  const connection = await server.connect();
  await submitMany(server, 20, {});
  const commands = await server.commands(connection);
  expect(commands).toHaveLength(20);
  const items = await Promise.all(
    commands.map(async (command, index) => ({ seq: index + 1, ...(await server.result(command)) })),
  );
  connection.peer.send({ type: "results", epoch: connection.welcome.epoch, items });
  expect(await connection.peer.next("ack")).toMatchObject({ through: 20 });
  await settled(connection);
  const through = connection.peer.frames.filter((frame) => frame.type === "ack").map((frame) => frame["through"]);
  expect(through).toEqual([20, 20]);
});

test("[W1] a hole in the results ends the connection; nothing past it is stored or acknowledged, and it resumes there", async () => {
  const server = await roomyServer();
  const connection = await server.connect();
  await submitMany(server, 3, {});
  const [one, two, three] = await server.commands(connection);
  if (!one || !two || !three) throw new Error("not every command came");
  const item = async (seq: number, command: Command) => ({ seq, ...(await server.result(command)) });
  const { epoch } = connection.welcome;
  connection.peer.send({ type: "results", epoch, items: [await item(1, one), await item(3, three)] });
  expect(await connection.peer.next("error")).toMatchObject({ code: "PROTOCOL_VIOLATION" });
  expect(await connection.peer.closed()).toMatchObject({ code: 4400 });
  expect(connection.peer.frames.filter((frame) => frame.type === "ack")).toEqual([]);
  const again = await server.connect();
  expect(again.welcome.received.results).toBe(0);
  const items = [await item(1, one), await item(2, two), await item(3, three)];
  again.peer.send({ type: "results", epoch: again.welcome.epoch, items });
  expect(await again.peer.next<Frame & { through: number }>("ack")).toMatchObject({ through: 3 });
  const results = await eventually(
    () => relay.api.reports(server.serverId).filter((report) => report.kind === "result"),
    (all) => all.length >= 3,
  );
  expect(results).toHaveLength(3);
});

test("[W1] a bridge that sends output which nobody takes is cut off", async () => {
  const server = await roomyServer();
  const { peer, welcome } = await server.connect();
  const data = Buffer.alloc(limits.outputChunkBytes).toString("base64");
  const pieces = limits.vainOutputBytes / limits.outputChunkBytes + 1;
  for (let index = 0; index < pieces; index++) {
    const offset = index * limits.outputChunkBytes;
    peer.send({ type: "output", epoch: welcome.epoch, runId: id("run"), offset, data, isEnd: false });
  }
  expect(await peer.next("error")).toMatchObject({ code: "RATE_LIMITED" });
  expect(await peer.closed()).toMatchObject({ code: 4429 });
});

test("[W1] a bridge that makes results up is cut off, after they were stored", async () => {
  const server = await roomyServer();
  const { peer, welcome } = await server.connect();
  const made = { signed: "{}", signature: "A".repeat(86) };
  const items = Array.from({ length: limits.controlFramesBurst + 10 }, (_item, index) => ({ seq: index + 1, ...made }));
  peer.send({ type: "results", epoch: welcome.epoch, items });
  expect(await peer.next("ack")).toMatchObject({ through: items.length });
  expect(await peer.next("error")).toMatchObject({ code: "RATE_LIMITED" });
  expect((await server.connect()).welcome.received.results).toBe(items.length);
});
