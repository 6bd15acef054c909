import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FakeServer } from "./fake-bridge.ts";
import { orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";

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
  ["a frame that is too large", `{"type":"${"a".repeat(300_000)}"}`, "TOO_LARGE", 1009],
])("[W1] %s from a bridge is refused and ends the connection", async (_name, text, code, closeCode) => {
  const server = await FakeServer.make(relay, { orgId });
  const { peer } = await server.connect();
  peer.send(text);
  expect(await peer.next("error")).toMatchObject({ code });
  expect(await peer.closed()).toMatchObject({ code: closeCode });
  await server.connect();
});

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
  const data = Buffer.alloc(48 * 1024).toString("base64");
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
