import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerId } from "@quarterdeck/core/ids";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { capabilities, FakeServer } from "./fake-bridge.ts";
import { eventually, type Frame } from "./peer.ts";
import { id, orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";

let relay: RelayRuntime;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quarterdeck-relay-audit-"));
  relay = await RelayRuntime.start({ persistFolder: folder, isInstrumented: true });
});
afterAll(async () => {
  await relay.stop();
  await rm(folder, { recursive: true });
});

/** Somebody's signed text: the relay looks into none of them. */
const text = (signed: string): SignedText => ({ signed, signature: "A".repeat(86) });
const head = text('{"seq":7}');

async function tell(
  serverId: ServerId,
  body: unknown = { head },
  key?: string,
): Promise<{ status: number; body: unknown }> {
  const init = { method: "POST", body: JSON.stringify(body) };
  const response = await relay.request(`/api/servers/${serverId}/audit-head`, init, key);
  return { status: response.status, body: await response.json() };
}

async function connected(features: readonly string[] = ["auditHeads"]) {
  const server = await FakeServer.make(relay, { orgId });
  server.capabilities = { ...capabilities, features: [...features] };
  const connection = await server.connect();
  await connection.peer.next("interest");
  await eventually(() => relay.isDelivered(server.serverId), Boolean);
  return { server, ...connection };
}

test("a head goes to the bridge as it is, and the bridge's word to the API as it is", async () => {
  const { server, peer, welcome } = await connected();
  expect(await tell(server.serverId)).toEqual({ status: 200, body: { isTold: true } });
  expect(await peer.next<Frame & SignedText>("auditHead")).toMatchObject(head);
  const words = { held: text('{"holds":{}}'), told: [head, text('{"seq":6}')] };
  peer.send({ type: "heldHeads", epoch: welcome.epoch, ...words });
  const reports = await eventually(
    () => relay.api.reports(server.serverId).filter(({ kind }) => kind === "heldHeads"),
    (all) => all.length > 0,
  );
  expect(reports).toMatchObject([words]);
});

test("where no bridge is, or one that knows no heads, it is told to nobody and nothing is kept", async () => {
  const { server, peer } = await connected(["drain"]);
  expect((await tell(server.serverId)).body).toEqual({ isTold: false });
  expect((await tell(id("server"))).body).toEqual({ isTold: false });
  const away = await FakeServer.make(relay, { orgId });
  expect((await tell(away.serverId)).body).toEqual({ isTold: false });
  away.capabilities = { ...capabilities, features: ["auditHeads"] };
  const later = await away.connect();
  await later.peer.next("interest");
  for (const each of [peer, later.peer]) expect(each.texts.some((frame) => frame.includes("auditHead"))).toBe(false);
});

test("only the API may tell, and only what can be a head [W1]", async () => {
  const { server, peer } = await connected();
  expect((await tell(server.serverId, undefined, "wrong")).status).toBe(401);
  for (const body of [{}, { head: { ...head, more: 1 } }, { head: text("x".repeat(1025)) }, { head: "seq" }])
    expect((await tell(server.serverId, body)).status).toBe(400);
  await tell(server.serverId);
  expect((await peer.next("auditHead"))["signed"]).toBe(head.signed);
});

test.each([
  { held: head, told: [] },
  { held: head, told: [head, head, head] },
  { held: text("x".repeat(1025)), told: [head] },
  { held: head, told: [head], more: 1 },
])("a bridge's malformed word ends the connection, and the API hears nothing of it [W1]", async (words) => {
  const { server, peer, welcome } = await connected();
  peer.send({ type: "heldHeads", epoch: welcome.epoch, ...words });
  expect(await peer.closed()).toMatchObject({ code: 4400 });
  expect(relay.api.reports(server.serverId).some(({ kind }) => kind === "heldHeads")).toBe(false);
});

test("[F10] telling an idle unwatched object wakes it once; nothing is left that wakes it again, or that it keeps", async () => {
  const { server, peer, welcome } = await connected();
  const alarms = relay.countAlarms();
  const rounds = 3;
  await relay.evict(server.serverId);
  const before = await relay.wakes();
  const rowsBefore = await relay.rows();
  for (let round = 1; round <= rounds; round++) {
    await tell(server.serverId);
    await peer.next("auditHead");
    peer.send({ type: "heldHeads", epoch: welcome.epoch, held: text(`{"round":${round}}`), told: [head] });
    await eventually(
      () => relay.api.reports(server.serverId).filter(({ kind }) => kind === "heldHeads").length,
      (count) => count === round,
    );
    await eventually(() => relay.isDelivered(server.serverId), Boolean);
    await relay.evict(server.serverId);
  }
  const after = await relay.wakes();
  const grown = Object.fromEntries(
    Object.entries(after).flatMap(([what, count]) => {
      const more = count - (before[what] ?? 0);
      return more === 0 ? [] : [[what, more]];
    }),
  );
  const rows = await relay.rows();
  console.info(
    `rows a head: ${(rows.read - rowsBefore.read) / rounds} read, ${(rows.written - rowsBefore.written) / rounds} written`,
  );
  // The timer is the time-out of the call to the API, and ends with it.
  expect(grown).toEqual({ start: rounds, message: rounds, timer: rounds });
  expect(relay.countAlarms()).toBe(alarms);
});
