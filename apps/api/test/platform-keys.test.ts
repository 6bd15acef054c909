import { execFile } from "node:child_process";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ServerId } from "@quarterdeck/core/ids";
import { relayCertificateSchema } from "@quarterdeck/core/protocol/handshake";
import { advanceKeySet } from "@quarterdeck/core/protocol/key-set";
import type { OutboxEntry } from "@quarterdeck/core/protocol/relay-api";
import { isSignedBy, openSigned } from "@quarterdeck/core/protocol/signing";
import { dayMs } from "@quarterdeck/core/units";
import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { outbox } from "../src/db/schema.ts";
import { keepHouse } from "../src/housekeeping.ts";
import type { KeyChange } from "../src/keys/key-change.ts";
import { keyPath } from "../src/keys/key-files.ts";
import type { KeyStatus } from "../src/keys/key-status.ts";
import { tellTrust } from "../src/keys/trust.ts";
import { signCancelsAgain } from "../src/tasks/cancels-again.ts";
import { newId, TestApi } from "./test-api.ts";

type TrustEntry = Extract<OutboxEntry, { kind: "trust" }>;

async function change(platform: TestApi, wish: { change: string; fromVersion?: number; isForced?: boolean }) {
  const body = { fromVersion: keysOf(platform).set.version, isForced: false, ...wish };
  const response = await platform.internal("/internal/keys", body);
  return { status: response.status, body: (await response.json()) as KeyStatus & { code?: string; message: string } };
}

const keysOf = (platform: TestApi) => platform.api.runtime.keys.platform;

/** What is there when the process dies right after the key file was replaced. */
function changeFileOnly(platform: TestApi, change: KeyChange): Promise<void> {
  const wish = { entryId: newId("entry"), atMs: Date.now(), change, isForced: false };
  return keysOf(platform).change(wish, () => undefined);
}

async function newestTrust(platform: TestApi, serverId: ServerId, count: number): Promise<TrustEntry> {
  const isTrust = (entry: OutboxEntry): entry is TrustEntry => entry.kind === "trust";
  await platform.relay.until(() => platform.relay.entriesOf(serverId).filter(isTrust).length >= count);
  const entry = platform.relay.entriesOf(serverId).filter(isTrust).at(-1);
  if (!entry) throw new Error("nothing was told");
  return entry;
}

async function vouches(entry: TrustEntry, publicKey: string): Promise<boolean> {
  const domain = "relayCertificate";
  return (await openSigned(entry.relayCertificate, { keys: [publicKey], domain, schema: relayCertificateSchema })).ok;
}

test("a rotation tells every server, signs with the next key, and the old one is retired when all have taken it", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, workspaceId } = await platform.withWorkspace();
  const first = keysOf(platform).set;
  const rotated = await change(platform, { change: "rotate" });
  expect(rotated.body).toMatchObject({ version: 2, servers: [{ serverId, standing: "behind", version: 1 }] });
  expect(keysOf(platform).set).toMatchObject({ current: first.next, previous: first.current });
  const told = await newestTrust(platform, serverId, 1);
  expect(await advanceKeySet(first, told.statements)).toEqual({ ok: true, value: keysOf(platform).set });
  expect(await vouches(told, first.next)).toBe(true);
  const task = {
    taskId: newId("task"),
    workspaceId,
    projectId: null,
    action: "exec",
    params: { program: "echo", args: ["x"] },
  };
  await api.tasks.submit.mutate(task);
  await platform.relay.until(() => platform.relay.entriesOf(serverId).at(-1)?.kind === "command");
  const command = platform.relay.entriesOf(serverId).at(-1) as Extract<OutboxEntry, { kind: "command" }>;
  expect(await isSignedBy(first.next, "command", { signed: command.signed, signature: command.signature })).toBe(true);

  const tooEarly = await change(platform, { change: "retire" });
  expect(tooEarly).toMatchObject({ status: 409, body: { message: expect.stringContaining(serverId) } });
  await platform.report(serverId, { kind: "keysTaken", version: 2 });
  expect((await change(platform, { change: "retire" })).body).toMatchObject({ version: 3, previous: null });
  expect(await change(platform, { change: "retire" })).toMatchObject({ status: 409 });
});

test("a rotation that would shut a server out is refused with its name; forced, the console says what to do", async () => {
  await using platform = await TestApi.start();
  const { api, serverId } = await platform.withWorkspace();
  await change(platform, { change: "rotate" });
  const refused = await change(platform, { change: "rotate" });
  expect(refused).toMatchObject({ status: 409, body: { message: expect.stringContaining(serverId) } });
  expect(keysOf(platform).set.version).toBe(2);
  expect(await api.servers.get.query({ serverId })).toMatchObject({ hasLostKeys: false });
  const forced = await change(platform, { change: "rotate", isForced: true });
  expect(forced.body.servers).toMatchObject([{ standing: "lost" }]);
  expect(await api.servers.get.query({ serverId })).toMatchObject({ hasLostKeys: true });
  const { serverId: fresh } = await platform.connectServer(await platform.outsider());
  expect(platform.relay.entriesOf(fresh)[0]).toMatchObject({ kind: "register", trust: { statements: [{}, {}] } });
  // What a server cannot know yet is not believed.
  await platform.report(serverId, { kind: "keysTaken", version: 9 });
  expect(await api.servers.get.query({ serverId })).toMatchObject({ hasLostKeys: true });
});

test("revoking the current key takes effect at once, waits for nobody, and signs open cancels again [W2]", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, workspaceId } = await platform.withWorkspace();
  const taskId = newId("task");
  await api.tasks.submit.mutate({
    taskId,
    workspaceId,
    projectId: null,
    action: "exec",
    params: { program: "echo", args: ["x"] },
  });
  await api.tasks.cancel.mutate({ taskId });
  const stolen = keysOf(platform).set;
  const { body } = await change(platform, { change: "revokeCurrent" });
  expect(body).toMatchObject({ version: 2, previous: null, revoked: [expect.stringMatching(/^SHA256:/)] });
  const told = await newestTrust(platform, serverId, 1);
  expect(await vouches(told, stolen.current)).toBe(false);
  expect(await advanceKeySet(stolen, told.statements)).toMatchObject({ value: { revoked: [stolen.current] } });
  const cancels = () => platform.relay.entriesOf(serverId).flatMap((entry) => (entry.kind === "cancel" ? [entry] : []));
  await platform.relay.until(() => cancels().length === 2);
  const signers = await Promise.all(
    cancels().map(({ signed, signature }) => isSignedBy(stolen.current, "command", { signed, signature })),
  );
  expect(signers).toEqual([true, false]);
  expect(new Set(cancels().map(({ runId }) => runId)).size).toBe(1);
});

test("a change that is asked for twice, at once or after its answer was lost, is made once: no server loses its keys by it [F2]", async () => {
  await using platform = await TestApi.start();
  const { serverId } = await platform.withWorkspace();
  const stolen = keysOf(platform).set;
  const wish = { change: "revokeCurrent", fromVersion: 1 };
  const both = await Promise.all([change(platform, wish), change(platform, wish)]);
  expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  const again = await change(platform, wish);
  expect(again).toMatchObject({ status: 409, body: { message: expect.stringContaining("version 2 of the keys") } });
  expect(keysOf(platform).set).toMatchObject({ version: 2, current: stolen.next, revoked: [stolen.current] });
  const status = (await (await platform.internal("/internal/keys")).json()) as KeyStatus;
  expect(status.servers).toMatchObject([{ serverId, standing: "behind" }]);
});

test("a cancel whose key was revoked right before a crash is signed again after it, once [F1]", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, workspaceId } = await platform.withWorkspace();
  const taskId = newId("task");
  const params = { program: "echo", args: ["x"] };
  await api.tasks.submit.mutate({ taskId, workspaceId, projectId: null, action: "exec", params });
  await api.tasks.cancel.mutate({ taskId });
  const stolen = keysOf(platform).set.current;
  await changeFileOnly(platform, "revokeCurrent");
  await platform.restart();
  const cancels = () => platform.relay.entriesOf(serverId).flatMap((entry) => (entry.kind === "cancel" ? [entry] : []));
  await platform.relay.until(() => cancels().length === 2);
  const [first, again] = cancels();
  expect(again?.runId).toBe(first?.runId);
  const { signed = "", signature = "" } = again ?? {};
  expect(await isSignedBy(stolen, "command", { signed, signature })).toBe(false);
  expect(await isSignedBy(keysOf(platform).set.current, "command", { signed, signature })).toBe(true);
  await keepHouse(platform.api.runtime);
  await change(platform, { change: "rotate", isForced: true });
  await newestTrust(platform, serverId, 2);
  expect(cancels()).toHaveLength(2);
});

test("a cancel that two sign again at once is sent again once", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, workspaceId } = await platform.withWorkspace();
  const taskId = newId("task");
  const params = { program: "echo", args: ["x"] };
  await api.tasks.submit.mutate({ taskId, workspaceId, projectId: null, action: "exec", params });
  await api.tasks.cancel.mutate({ taskId });
  await changeFileOnly(platform, "revokeCurrent");
  const { runtime } = platform.api;
  await Promise.all([signCancelsAgain(runtime), signCancelsAgain(runtime)]);
  const rows = await runtime.db.select().from(outbox).where(eq(outbox.serverId, serverId));
  expect(rows.filter(({ entry }) => entry.kind === "cancel")).toHaveLength(2);
});

test("keys that changed right before a crash are told after it, once; a certificate is renewed long before it ends", async () => {
  await using platform = await TestApi.start();
  const { serverId } = await platform.withWorkspace();
  await changeFileOnly(platform, "rotate");
  await platform.restart();
  expect(keysOf(platform).set.version).toBe(2);
  await newestTrust(platform, serverId, 1);
  const { runtime } = platform.api;
  await tellTrust(runtime);
  const count = () => platform.relay.entriesOf(serverId).filter((entry) => entry.kind === "trust").length;
  await tellTrust({ ...runtime, clock: { ...runtime.clock, nowMs: () => Date.now() + 200 * dayMs } });
  const renewed = await newestTrust(platform, serverId, 2);
  expect(count()).toBe(2);
  const { expiresAtMs } = relayCertificateSchema.parse(JSON.parse(renewed.relayCertificate.signed));
  expect(expiresAtMs).toBeGreaterThan(Date.now() + 500 * dayMs);
});

test("key files are their owner's only, forget retired private keys, and no log holds a secret", async () => {
  await using platform = await TestApi.start();
  await platform.withWorkspace();
  const read = async () => JSON.parse(await readFile(keyPath(platform.dataDir, "platform"), "utf8")) as StoredPair;
  interface StoredPair {
    readonly current: { readonly privateKeyPkcs8: string };
    readonly next: { readonly privateKeyPkcs8: string };
  }
  const before = await read();
  await Promise.all([
    change(platform, { change: "rotate" }),
    change(platform, { change: "retire", fromVersion: 2, isForced: true }),
  ]);
  const after = await read();
  expect(after.current).toEqual(before.next);
  expect(JSON.stringify(after)).not.toContain(before.current.privateKeyPkcs8);
  for (const name of await readdir(join(platform.dataDir, "keys"))) {
    expect((await stat(join(platform.dataDir, "keys", name))).mode & 0o077).toBe(0);
  }
  const relayKey = JSON.parse(await readFile(keyPath(platform.dataDir, "relay"), "utf8")) as {
    privateKeyPkcs8: string;
  };
  const secrets = [before.current, before.next, after.next, relayKey].map((key) => key.privateKeyPkcs8);
  for (const secret of [...secrets, platform.api.runtime.keys.serviceKey]) {
    expect(platform.logLines.join("\n")).not.toContain(secret);
  }
});

test("the operator's command shows and changes the keys of a running platform, and says what is wrong", async () => {
  await using platform = await TestApi.start();
  const { serverId } = await platform.withWorkspace();
  const command = join(import.meta.dirname, "../src/keys/keys-command.ts");
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, [command, ...args, "--data", platform.dataDir]).then(
      ({ stdout }) => ({ code: 0, text: stdout }),
      (error: { code: number; stderr: string }) => ({ code: error.code, text: error.stderr }),
    );
  expect(await run()).toMatchObject({ code: 0, text: expect.stringContaining(`${serverId}  box: has these keys`) });
  expect(await run("rotate")).toMatchObject({ code: 0, text: expect.stringContaining("takes them when it connects") });
  expect(await run("retire")).toMatchObject({ code: 2, text: expect.stringContaining("Nothing was changed") });
  expect(await run("revoke", "everything")).toMatchObject({ code: 2, text: expect.stringContaining("usage:") });
  expect(await run("retire", "--force")).toMatchObject({ code: 0 });
});
