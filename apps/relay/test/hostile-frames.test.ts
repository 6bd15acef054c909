import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FakeServer } from "./fake-bridge.ts";
import { id, orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";
import { sealedLike } from "./sealed-piece.ts";

let relay: RelayRuntime;
beforeAll(async () => {
  relay = await RelayRuntime.start();
});
afterAll(() => relay.stop());

const deep = `${"[".repeat(5000)}${"]".repeat(5000)}`;
const nested = `{"type":"ack","epoch":1,"stream":"commands","through":${deep}}`;

test.each([
  ["no JSON", "{", "PROTOCOL_VIOLATION", 4400],
  ["an unknown type", '{"type":"sudo"}', "PROTOCOL_VIOLATION", 4400],
  ["an unknown field", '{"type":"ack","epoch":1,"stream":"commands","through":0,"x":1}', "PROTOCOL_VIOLATION", 4400],
  ["a deeply nested frame", nested, "PROTOCOL_VIOLATION", 4400],
  [
    "an acknowledgement past what was sent",
    '{"type":"ack","epoch":1,"stream":"commands","through":7}',
    "PROTOCOL_VIOLATION",
    4400,
  ],
  ["a second hello", `{"type":"hello","signed":"{}","signature":"${"A".repeat(86)}"}`, "PROTOCOL_VIOLATION", 4400],
  ["a field twice", '{"type":"ack","epoch":1,"stream":"commands","through":0,"through":1}', "PROTOCOL_VIOLATION", 4400],
  [
    "a result that comes before the one before it",
    `{"type":"results","epoch":1,"items":[{"seq":2,"signed":"{}","signature":"${"A".repeat(86)}"}]}`,
    "PROTOCOL_VIOLATION",
    4400,
  ],
  [
    "a reading with numbers that are missing",
    '{"type":"telemetry","epoch":1,"readings":[{"rows":[[1,2,3]]}]}',
    "PROTOCOL_VIOLATION",
    4400,
  ],
  [
    "a reading that ends below zero",
    '{"type":"history","epoch":1,"through":1,"readings":[{"rows":[[1,1,1,1,1,1,1,1,1,1,1],[0,-2,0,0,0,0,0,0,0,0,0]]}],"gaps":[]}',
    "PROTOCOL_VIOLATION",
    4400,
  ],
  ["a frame that is too large", `{"type":"${"a".repeat(300_000)}"}`, "TOO_LARGE", 1009],
])(
  "[W1] %s from a bridge is refused, ends the connection and changes nothing",
  async (_name, text, code, closeCode) => {
    const server = await FakeServer.make(relay, { orgId });
    const connection = await server.connect();
    await server.submit();
    await server.commands(connection, { isAcknowledged: false });
    await server.submit({ projectId: id("project") });
    await server.commands(connection, { isAcknowledged: false });
    const before = await kept(server);
    connection.peer.send(text);
    expect(await connection.peer.next("error")).toMatchObject({ code });
    expect(await connection.peer.closed()).toMatchObject({ code: closeCode });
    expect(await kept(server)).toEqual(before);
    await server.connect();
  },
);

/** What an object knows that frames of a bridge change; that it went offline is no effect of the frame's content. */
async function kept({ serverId }: FakeServer): Promise<unknown> {
  return {
    runs: await relay.sql(serverId, "SELECT * FROM runs ORDER BY position"),
    commands: await relay.sql(serverId, "SELECT * FROM commands ORDER BY seq"),
    ended: await relay.sql(serverId, "SELECT * FROM ended_runs ORDER BY run_id"),
    server: await relay.sql(
      serverId,
      "SELECT epoch, session_id, commands_assigned, commands_acknowledged, results_received FROM server",
    ),
    history: await relay.sql(serverId, "SELECT * FROM telemetry_history"),
    results: relay.api.reports(serverId).filter((report) => report.kind === "result" || report.kind === "ended"),
  };
}

test("[W1] a binary frame and a frame before the hello are refused", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const binary = server.dial();
  await binary.next("challenge");
  binary.socket.send(new Uint8Array([1, 2, 3]));
  expect(await binary.closed()).toMatchObject({ code: 4400 });
  const early = server.dial();
  await early.next("challenge");
  early.send({ type: "ack", epoch: 1, stream: "commands", through: 0 });
  expect(await early.closed()).toMatchObject({ code: 4400 });
});

test("[W1] credit for output comes back at half, so that an honest bridge is never out of it for long", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const { peer, welcome } = await server.connect();
  const command = await server.submit();
  const data = sealedLike(Buffer.alloc(48 * 1024));
  let creditBack = 0;
  for (let offset = 0; offset < 10; offset++) {
    peer.send({
      type: "output",
      epoch: welcome.epoch,
      runId: command.runId,
      offset: offset * 48 * 1024,
      data,
      isEnd: false,
    });
  }
  creditBack += (await peer.next<{ type: string; bytes: number }>("credit")).bytes;
  expect(creditBack).toBeGreaterThanOrEqual(128 * 1024);
  peer.close();
});

test("[W1] random and mutated frames never make the relay fail", { timeout: 60_000 }, async () => {
  const server = await FakeServer.make(relay, { orgId });
  const valid = [
    '{"type":"ack","epoch":1,"stream":"commands","through":0}',
    '{"type":"gap","epoch":1,"stream":"output","runId":"run_00000000000000000000000000","fromOffset":0,"toOffset":null,"reason":"x"}',
    '{"type":"output","epoch":1,"runId":"run_00000000000000000000000000","offset":0,"data":"aGVsbG8=","isEnd":true}',
    '{"type":"watchTelemetry"}',
  ];
  const mutated = fc
    .tuple(fc.constantFrom(...valid), fc.nat(140), fc.string({ maxLength: 4 }))
    .map(([text, at, insert]) => text.slice(0, at) + insert + text.slice(at + 1));
  const frames = fc.oneof(mutated, fc.string(), fc.json(), fc.json({ maxDepth: 6 }));
  await fc.assert(
    fc.asyncProperty(fc.array(frames, { minLength: 1, maxLength: 20 }), async (texts) => {
      const { peer } = await server.connect();
      for (const text of texts) peer.send(text);
      peer.send("{");
      const { code } = await peer.closed();
      expect([4400, 4009, 1009]).toContain(code);
    }),
    { numRuns: 60 },
  );
  await server.connect();
});
