import { protocolRange } from "@quarterdeck/core/protocol/version";
import { hourMs, minuteMs } from "@quarterdeck/core/units";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FakeServer } from "./fake-bridge.ts";
import { eventually } from "./peer.ts";
import { id, orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";

let relay: RelayRuntime;
beforeAll(async () => {
  relay = await RelayRuntime.start({ isInstrumented: true });
});
afterEach(() => relay.moveClock(0));
afterAll(() => relay.stop());

/** The close code that a hello with these parts meets. */
async function codeFor(server: FakeServer, parts: Parameters<FakeServer["hello"]>[1] = {}): Promise<number> {
  const peer = server.dial();
  await peer.next("challenge");
  peer.send({ type: "hello", ...(await server.hello(peer.texts[0] ?? "", parts)) });
  return (await peer.closed()).code;
}

/** What the API was told, once everything is. */
async function told(server: FakeServer): Promise<string[]> {
  await eventually(
    () => relay.isDelivered(server.serverId),
    (isDelivered) => isDelivered,
  );
  const reports = relay.api.reports(server.serverId);
  return reports.flatMap((report) => (report.kind === "notLetIn" ? [report.code] : []));
}

test("who is not let in is told to the API: the same again once an hour, and at once after somebody was let in", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const other = { serverId: id("server") };
  expect(await codeFor(server, other)).toBe(4401);
  expect(await codeFor(server, other)).toBe(4401);
  expect(await told(server)).toEqual(["UNAUTHENTICATED"]);
  await relay.moveClock(hourMs + minuteMs);
  expect(await codeFor(server, other)).toBe(4401);
  expect(await told(server)).toHaveLength(2);
  const { peer } = await server.connect();
  expect(await codeFor(server, other)).toBe(4401);
  expect(await told(server)).toHaveLength(3);
  expect(peer.socket.readyState).toBe(WebSocket.OPEN);
});

test("a bridge of another version is told to the API, and one whose server was removed", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const version = { major: protocolRange.max.major + 1, minor: 0 };
  expect(await codeFor(server, { protocolRange: { min: version, max: version } })).toBe(4406);
  await server.outbox({ kind: "revoke" });
  expect(await codeFor(server)).toBe(4403);
  expect(await told(server)).toEqual(["VERSION_UNSUPPORTED", "REVOKED"]);
});
