import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunId } from "@quarterdeck/core/ids";
import { relayCertificateSchema } from "@quarterdeck/core/protocol/handshake";
import { openSigned, signText, type SignedText } from "@quarterdeck/core/protocol/signing";
import { encodeTicket, type Ticket } from "@quarterdeck/core/protocol/ticket";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { FakeServer, type Connection } from "./fake-bridge.ts";
import { dialViewer } from "./fake-viewer.ts";
import { eventually, type Frame } from "./peer.ts";
import { id, orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";

const folders: string[] = [];
let relay: RelayRuntime;
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "quarterdeck-relay-keys-"));
  folders.push(folder);
  relay = await RelayRuntime.start({ persistFolder: folder });
});
afterEach(() => relay.stop());
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

/** Tells the server's object about the change, as the outbox does. */
async function change(server: FakeServer, how: "rotate" | "retire" | "revoke") {
  const trust = await relay.platform.change(how);
  await server.outbox({ kind: "trust", ...trust });
}

/** A command that this key signed, taken by the relay. */
async function submitBy(server: FakeServer, publicKey: string) {
  const { command, signed, sealed } = await relay.platform.command(server.serverId, { projectId: id("project") });
  const text = await signText(relay.platform.keyOf(publicKey), "command", signed);
  await server.outbox({ kind: "command", ...text, sealed });
  return command;
}

async function takesTicketBy(server: FakeServer, publicKey: string): Promise<boolean> {
  const nowMs = Date.now();
  const ticket: Ticket = {
    ticketId: id("viewer"),
    userId: id("user"),
    orgId,
    serverId: server.serverId,
    topics: ["telemetry"],
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + 60_000,
    connectionExpiresAtMs: nowMs + 900_000,
  };
  const signed = await signText(relay.platform.keyOf(publicKey), "ticket", JSON.stringify(ticket));
  const peer = dialViewer(relay, server.serverId, { ticket: encodeTicket(signed) });
  await peer.until(() => peer.texts.length > 0, "an answer to the ticket");
  const { type, code } = JSON.parse(peer.texts[0] ?? "") as Frame & { code?: string };
  peer.close();
  if (type === "error") expect(code).toBe("TOKEN_INVALID");
  return type === "authorized";
}

async function takeKeys({ peer, welcome }: Connection, server: FakeServer): Promise<SignedText[]> {
  const { statements } = await peer.next<Frame & { statements: SignedText[] }>("keys");
  server.keysVersion = relay.platform.set.version;
  peer.send({ type: "keysTaken", epoch: welcome.epoch, version: server.keysVersion });
  await eventually(
    () => relay.api.reports(server.serverId).at(-1),
    (report) => report?.kind === "keysTaken" && report.version === server.keysVersion,
  );
  return statements;
}

/** Who vouches for the relay in its challenge. */
async function certifiedBy(server: FakeServer, publicKey: string): Promise<boolean> {
  const peer = server.dial();
  const { relayCertificate } = await peer.next<Frame & { relayCertificate: SignedText }>("challenge");
  peer.close();
  const domain = "relayCertificate";
  return (await openSigned(relayCertificate, { keys: [publicKey], domain, schema: relayCertificateSchema })).ok;
}

test("a rotation reaches the live bridge without a restart; both keys sign until the old one is retired", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  const first = relay.platform.set.current;
  await change(server, "rotate");
  expect(await takeKeys(connection, server)).toHaveLength(1);
  const second = relay.platform.set.current;
  expect(await certifiedBy(server, second)).toBe(true);
  for (const key of [first, second]) {
    const { runId } = await submitBy(server, key);
    expect((await server.commands(connection)).map((command) => command.runId)).toEqual([runId]);
    expect(await takesTicketBy(server, key)).toBe(true);
  }
  await change(server, "retire");
  await takeKeys(connection, server);
  expect(await takesTicketBy(server, first)).toBe(false);
  expect(await takesTicketBy(server, second)).toBe(true);
  const refused = await submitBy(server, first);
  const ended = await eventually(
    () => relay.api.reports(server.serverId).find((report) => report.kind === "ended"),
    (report) => report !== undefined,
  );
  expect(ended).toMatchObject({ runId: refused.runId, verdict: "refused", code: "SIGNATURE_INVALID" });
});

test("a bridge that was away gets every statement that it missed, right after its welcome and after nothing else", async () => {
  const server = await FakeServer.make(relay, { orgId });
  await change(server, "rotate");
  await change(server, "retire");
  await change(server, "rotate");
  await submitBy(server, relay.platform.set.current);
  const connection = await server.connect();
  expect(await takeKeys(connection, server)).toHaveLength(3);
  const [, , keys, commands] = connection.peer.texts.map((text) => (JSON.parse(text) as Frame).type);
  expect([keys, commands]).toEqual(["keys", "commands"]);
  connection.peer.close();
  const again = await server.connect();
  await again.peer.next("interest");
  expect(again.peer.texts.some((text) => text.includes('"keys"'))).toBe(false);
});

test("what a revoked key signed and no bridge has is signed anew if the API knows it, and counts for nothing else [W2]", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const stolen = relay.platform.set.current;
  const waiting = await submitBy(server, stolen);
  await change(server, "revoke");
  const known: RunId[] = [waiting.runId];
  const sign = async (runId: RunId) => {
    const { command: _command, ...text } = await relay.platform.command(server.serverId, { runId, attempt: 2 });
    return { runId, ...text };
  };
  relay.api.renew = async (_, runIds) => ({
    renewed: await Promise.all(runIds.filter((runId) => known.includes(runId)).map(sign)),
    refused: runIds
      .filter((runId) => !known.includes(runId))
      .map((runId) => ({ runId, code: "NOT_FOUND", message: "There is no such run on this server." })),
  });
  const connection = await server.connect();
  expect(await server.commands(connection)).toMatchObject([{ runId: waiting.runId, attempt: 2 }]);
  expect(await takesTicketBy(server, stolen)).toBe(false);
  expect(await certifiedBy(server, stolen)).toBe(false);
  const forged = await submitBy(server, stolen);
  const [ending] = await eventually(
    () => relay.api.reports(server.serverId).filter((report) => report.kind === "ended"),
    (all) => all.length === 1,
  );
  expect(ending).toMatchObject({ runId: forged.runId, verdict: "refused", code: "NOT_FOUND" });
});

test("a command or a renewal that was signed right before its key was revoked, and comes after, is signed anew", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const stolen = relay.platform.set.current;
  let asked = 0;
  relay.api.renew = async (serverId, runIds) => ({
    renewed: await Promise.all(
      runIds.map(async (runId) => {
        const { command: _command, ...text } = await relay.platform.command(serverId, { runId, attempt: 2 });
        // The first answer was signed before the key was revoked.
        const isLate = asked++ === 0;
        return {
          runId,
          ...text,
          ...(isLate ? await signText(relay.platform.keyOf(stolen), "command", text.signed) : {}),
        };
      }),
    ),
  });
  await change(server, "revoke");
  const { runId } = await submitBy(server, stolen);
  const connection = await server.connect();
  expect(await server.commands(connection)).toMatchObject([{ runId, attempt: 2 }]);
  expect(asked).toBe(2);
  expect(relay.api.reports(server.serverId).filter((report) => report.kind === "ended")).toEqual([]);
});

test("an object keeps what it was told when it is thrown out, and when the relay starts with what it was deployed with", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const stolen = relay.platform.set.current;
  await change(server, "revoke");
  await eventually(
    () => relay.isDelivered(server.serverId),
    (isDelivered) => isDelivered,
  );
  await relay.evict(server.serverId);
  expect(await takesTicketBy(server, stolen)).toBe(false);
  await relay.stop();
  await relay.start();
  expect(await takesTicketBy(server, stolen)).toBe(false);
  expect(await takesTicketBy(server, relay.platform.set.current)).toBe(true);
  expect(await certifiedBy(server, relay.platform.set.current)).toBe(true);
});

test("who has only the service key changes nothing: a statement that the next key did not sign does not count [W2]", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const before = relay.platform.set;
  const { statements, relayCertificate } = await relay.platform.change("rotate");
  const { signed } = statements[0] ?? { signed: "" };
  const byCurrent = await signText(relay.platform.keyOf(before.current), "keyStatement", signed);
  await server.outbox({ kind: "trust", statements: [byCurrent], relayCertificate });
  expect(await takesTicketBy(server, relay.platform.set.next)).toBe(false);
  const connection = await server.connect();
  await connection.peer.next("interest");
  expect(connection.peer.texts.some((text) => text.includes('"keys"'))).toBe(false);
});
