import { rename, rm } from "node:fs/promises";
import type { OrgId, ServerId } from "@quarterdeck/core/ids";
import { auditHeadSchema, type HeldHeads } from "@quarterdeck/core/protocol/audit-head";
import { openSigned, type SignedText } from "@quarterdeck/core/protocol/signing";
import { eq, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { readUnchained } from "../src/audit/chain-repo.ts";
import { verifyAudit } from "../src/audit/verify-audit.ts";
import { auditChains, auditEntries, auditWitnesses } from "../src/db/schema.ts";
import { capabilities, FakeBridge } from "./fake-bridge.ts";
import { refusalOf, TestApi, type Fixture } from "./test-api.ts";

const able = { ...capabilities, features: ["auditHeads"] };
const online = { kind: "online", epoch: 2, bootId: "b", capabilities: able } as const;

const bare = (text: SignedText) => auditHeadSchema.parse(JSON.parse(text.signed));

const toldTo = ({ relay }: TestApi, serverId: ServerId) =>
  relay.toldHeads.filter((told) => told.serverId === serverId).map(({ head }) => head);

/** Resolves when all that was written has its place. */
async function untilChained({ api }: TestApi): Promise<void> {
  await expect.poll(async () => (await readUnchained(api.runtime.db, 1)).size, { interval: 20, timeout: 5000 }).toBe(0);
}

interface Watched extends Fixture {
  readonly orgId: OrgId;
  /** The head that its bridge was told first. */
  readonly told: SignedText;
}

/** A server whose bridge was told a head. */
async function watched(platform: TestApi): Promise<Watched> {
  const fixture = await platform.withWorkspace();
  const { orgId } = await fixture.api.orgs.current.query();
  await platform.report(fixture.serverId, online);
  await platform.relay.until(() => toldTo(platform, fixture.serverId).length > 0);
  const [told] = toldTo(platform, fixture.serverId);
  if (!told) throw new Error("nothing was told");
  return { ...fixture, orgId, told };
}

/** One more entry, and the head that then is told. */
async function nextHead(platform: TestApi, { api, serverId }: Watched): Promise<SignedText> {
  const before = toldTo(platform, serverId).length;
  await api.servers.rename.mutate({ serverId, name: `Server ${before}` });
  await untilChained(platform);
  await platform.api.runtime.writer.commit([sql`update ${auditChains} set "toldAtMs" = 0`]); // A minute has passed.
  await platform.relay.until(() => toldTo(platform, serverId).length > before);
  const head = toldTo(platform, serverId).at(-1);
  if (!head) throw new Error("nothing was told");
  return head;
}

async function witness({ api }: TestApi, serverId: ServerId) {
  const [row] = await api.runtime.db.select().from(auditWitnesses).where(eq(auditWitnesses.serverId, serverId));
  return row;
}

async function refusals({ api }: TestApi, serverId: ServerId): Promise<string[]> {
  const { db } = api.runtime;
  const rows = await db.select().from(auditEntries).where(eq(auditEntries.action, "audit.witness"));
  return rows
    .filter(({ actor, outcome }) => actor === serverId && outcome === "refused")
    .map(({ detail }) => detail ?? "");
}

const say = (platform: TestApi, serverId: ServerId, heads: HeldHeads) =>
  platform.report(serverId, { kind: "heldHeads", ...heads });

test("a bridge is told the newest head, signed by the platform, and its own word for it is kept [E2]", async () => {
  await using platform = await TestApi.start();
  const { serverId, bridge, orgId, told, api } = await watched(platform);
  const { keys, db } = platform.api.runtime;
  const opened = await openSigned(told, {
    keys: [keys.platform.publicKey],
    domain: "auditHead",
    schema: auditHeadSchema,
  });
  if (!opened.ok) throw new Error(opened.error.message);
  const { seq, hash } = opened.value;
  expect(opened.value).toEqual({ v: 1, orgId, seq, hash });
  const [entry] = await db.select().from(auditEntries).where(sql`"orgId" = ${orgId} and seq = ${seq}`);
  expect(entry?.hash).toBe(hash);
  const heads = await bridge.holds(serverId, [told]);
  await say(platform, serverId, heads);
  expect(await witness(platform, serverId)).toMatchObject({ orgId, seq, hash, evidence: heads, conflictSeq: null });
  expect((await api.servers.get.query({ serverId })).auditAlert).toBeNull();
  expect(await verifyAudit(db, orgId)).toMatchObject({ fault: null });
  const next = await nextHead(platform, { api, serverId } as Watched);
  await say(platform, serverId, await bridge.holds(serverId, [next, told]));
  // What comes late takes nothing back.
  await say(platform, serverId, heads);
  expect((await witness(platform, serverId))?.seq).toBeGreaterThan(seq);
  expect(await refusals(platform, serverId)).toEqual([]);
});

test("only a bridge that is there and knows what a head is is told, one that comes later too", async () => {
  await using platform = await TestApi.start();
  const { client, api, serverId } = await platform.withWorkspace();
  const { serverId: away } = await platform.connectServer(client);
  await untilChained(platform);
  await platform.report(away, online, { kind: "offline", reason: "gone" });
  await platform.report(serverId, { ...online, capabilities });
  await untilChained(platform);
  expect(platform.relay.toldHeads).toEqual([]);
  await platform.report(serverId, online);
  await platform.relay.until(() => platform.relay.toldHeads.length > 0);
  expect(toldTo(platform, away)).toEqual([]);
  expect((await api.servers.get.query({ serverId })).auditAlert).toBeNull();
});

test.each<
  [
    string,
    (heads: HeldHeads, other: { told: SignedText; bridge: FakeBridge; serverId: ServerId }) => Promise<HeldHeads>,
  ]
>([
  ["of another bridge", async (_, { told, serverId }) => (await FakeBridge.create()).holds(serverId, [told])],
  [
    "with a bit changed",
    async (heads) => ({ ...heads, held: { ...heads.held, signed: heads.held.signed.replace('"seq":', '"seq":1') } }),
  ],
  [
    "of another server",
    async (_, { told, bridge }) => bridge.holds("srv_00000000000000000000000000" as ServerId, [told]),
  ],
  [
    "of a head that the platform never signed",
    async (_, { told, bridge, serverId }) =>
      bridge.holds(serverId, [{ ...told, signed: told.signed.replace('"seq":', '"seq":9') }]),
  ],
  [
    "of another head than the platform signed",
    async (_, { told, bridge, serverId }) =>
      bridge.holds(serverId, [told], { holds: { seq: 999, hash: "A".repeat(43) } }),
  ],
])("the word %s does not count, and is recorded [E2] [W2]", async (_, forge) => {
  await using platform = await TestApi.start();
  const { api, serverId, bridge, told } = await watched(platform);
  await say(platform, serverId, await forge(await bridge.holds(serverId, [told]), { told, bridge, serverId }));
  expect(await witness(platform, serverId)).toBeUndefined();
  expect(await refusals(platform, serverId)).toHaveLength(1);
  expect((await api.servers.get.query({ serverId })).auditAlert).toBeNull();
});

test("a head counts that was told with a key which was revoked since [E2] [W2]", async () => {
  await using platform = await TestApi.start();
  const { serverId, bridge, told } = await watched(platform);
  for (const fromVersion of [1, 2]) {
    const body = { change: "revokeCurrent", fromVersion, isForced: true };
    expect((await platform.internal("/internal/keys", body)).status).toBe(200);
  }
  await say(platform, serverId, await bridge.holds(serverId, [told]));
  expect(await refusals(platform, serverId)).toEqual([]);
  expect((await witness(platform, serverId))?.seq).toBe(bare(told).seq);
});

test("the word of a removed server does not count [E2] [W2]", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, bridge, told } = await watched(platform);
  await api.servers.revoke.mutate({ serverId, confirmName: "box" });
  await say(platform, serverId, await bridge.holds(serverId, [told]));
  expect(await witness(platform, serverId)).toBeUndefined();
  expect(await refusals(platform, serverId)).toEqual([expect.stringContaining("was removed")]);
});

/** The API starts again with the database as it was before the newest head was told. Returns that head. */
async function putOldCopyBack(platform: TestApi, fixture: Watched): Promise<SignedText> {
  const file = platform.api.database.filePath ?? "";
  const copy = `${file}.copy`;
  await untilChained(platform);
  await platform.api.database.client.execute({ sql: "VACUUM INTO ?", args: [copy] });
  const newest = await nextHead(platform, fixture);
  await platform.restart(async () => {
    await Promise.all(["-wal", "-shm"].map((suffix) => rm(`${file}${suffix}`, { force: true })));
    await rename(copy, file);
  });
  return newest;
}

test("a database that was put back to an old copy is found out by what the bridge holds [E2]", async () => {
  await using platform = await TestApi.start();
  const fixture = await watched(platform);
  const { serverId, bridge, orgId, told } = fixture;
  const newest = await putOldCopyBack(platform, fixture);
  const { seq } = bare(newest);
  const alert = async () => (await fixture.api.servers.get.query({ serverId })).auditAlert;
  expect(await alert()).toBeNull();
  const heads = await bridge.holds(serverId, [newest, told]);
  await say(platform, serverId, heads);
  expect(await alert()).toMatchObject({ seq });
  expect(await refusals(platform, serverId)).toEqual([expect.stringContaining(`the audit ends at ${seq - 1}`)]);
  expect((await witness(platform, serverId))?.conflictEvidence).toEqual(heads);
  await untilChained(platform);
  await say(platform, serverId, heads);
  expect(await refusals(platform, serverId)).toHaveLength(1);
  // That it was found out has taken the place of what is missing, so the chain is as long again, and another one.
  expect((await verifyAudit(platform.api.runtime.db, orgId)).fault).toMatchObject({ kind: "replaced", seq });
});

test("an old copy that has outgrown what the bridge holds is found out by what it held before [E2]", async () => {
  await using platform = await TestApi.start();
  const fixture = await watched(platform);
  const { api, serverId, bridge } = fixture;
  const newest = await putOldCopyBack(platform, fixture);
  await api.servers.rename.mutate({ serverId, name: "in its place" });
  const grown = await nextHead(platform, fixture);
  expect(bare(grown).seq).toBeGreaterThan(bare(newest).seq);
  await say(platform, serverId, await bridge.holds(serverId, [grown, newest]));
  expect((await api.servers.get.query({ serverId })).auditAlert).toMatchObject({ seq: bare(newest).seq });
  expect(await refusals(platform, serverId)).toEqual([expect.stringContaining("another one is there now")]);
});

test("an owner acknowledges what was found: it is recorded, and only another finding raises the alert again [E2]", async () => {
  await using platform = await TestApi.start();
  const fixture = await watched(platform);
  const { api, serverId, bridge, told, orgId } = fixture;
  const newest = await putOldCopyBack(platform, fixture);
  const heads = await bridge.holds(serverId, [newest, told]);
  await say(platform, serverId, heads);
  const alert = async () => (await api.servers.get.query({ serverId })).auditAlert;
  const found = await alert();
  if (found === null) throw new Error("nothing was found");
  const { api: member } = await platform.memberOf(orgId, "developer");
  expect(await refusalOf(member.servers.acknowledgeAuditAlert.mutate({ serverId, ...found }))).toMatchObject({
    code: "FORBIDDEN",
  });
  await api.servers.acknowledgeAuditAlert.mutate({ serverId, ...found, atMs: found.atMs - 1 });
  await api.servers.acknowledgeAuditAlert.mutate({ serverId, ...found, seq: found.seq + 1 });
  expect(await alert()).toEqual(found);
  expect(await api.servers.acknowledgeAuditAlert.mutate({ serverId, ...found })).toMatchObject({ auditAlert: null });
  await api.servers.acknowledgeAuditAlert.mutate({ serverId, ...found });
  const { db } = platform.api.runtime;
  const { userId } = (await api.auth.state.query()).me!;
  const recorded = await db.select().from(auditEntries).where(eq(auditEntries.action, "audit.acknowledge"));
  expect(recorded).toMatchObject([
    { actor: userId, subject: serverId, detail: expect.stringMatching(`entry ${found.seq},`) },
  ]);
  // The same word again, as after each welcome, is what was seen.
  await say(platform, serverId, heads);
  expect(await alert()).toBeNull();
  expect((await witness(platform, serverId))?.conflictEvidence).toEqual(heads);
  const { client } = platform.api.database;
  await untilChained(platform);
  const { seq } = bare(told);
  await client.execute(`update audit_entries set hash = 'another' where "orgId" = '${orgId}' and seq = ${seq}`);
  await say(platform, serverId, await bridge.holds(serverId, [told]));
  expect(await alert()).toMatchObject({ seq });
});

const tampering: Record<string, readonly string[]> = {
  edited: [`update audit_entries set detail = 'never happened' where seq = 2`],
  deleted: [`delete from audit_entries where seq = 2`],
  "deleted, and the rest renumbered": [
    `delete from audit_entries where seq = 2`,
    `update audit_entries set seq = seq - 1 where seq > 2`,
  ],
  moved: [
    `update audit_entries set seq = -1 where seq = 2`,
    `update audit_entries set seq = 2 where seq = 3`,
    `update audit_entries set seq = 3 where seq = -1`,
  ],
  inserted: [
    `update audit_entries set seq = seq + 1 where seq >= 2`,
    `insert into audit_entries select 'ent_forged', "orgId", "atMs", actor, address, action, subject, outcome, detail, 2, hash from audit_entries where seq = 3`,
  ],
  "given to another org": [`update audit_entries set "orgId" = 'org_other' where seq = 2`],
};

test.each(Object.entries(tampering))("an entry that was %s is named [E2]", async (_, statements) => {
  await using platform = await TestApi.start();
  const { orgId } = await watched(platform);
  const { db } = platform.api.runtime;
  expect(await verifyAudit(db, orgId)).toMatchObject({ fault: null });
  for (const statement of statements) {
    await platform.api.database.client.execute(`${statement} and "orgId" = '${orgId}'`);
  }
  expect((await verifyAudit(db, orgId)).fault?.seq).toBe(2);
});

test("a tail that was cut, its head with it, is found by what a bridge has signed [E2]", async () => {
  await using platform = await TestApi.start();
  const { orgId, serverId, bridge, told } = await watched(platform);
  const { db } = platform.api.runtime;
  await say(platform, serverId, await bridge.holds(serverId, [told]));
  const { seq } = auditHeadSchema.parse(JSON.parse(told.signed));
  const { client } = platform.api.database;
  await client.execute(`delete from audit_entries where "orgId" = '${orgId}' and seq >= ${seq}`);
  await client.execute(
    `update audit_chains set seq = ${seq - 1}, hash = (select hash from audit_entries where "orgId" = '${orgId}' and seq = ${seq - 1}) where "chainId" = '${orgId}'`,
  );
  expect((await verifyAudit(db, orgId)).fault).toEqual({ kind: "cut", seq, entryId: null });
  await client.execute(`delete from audit_witnesses`);
  expect((await verifyAudit(db, orgId)).fault).toBeNull();
  // The bridge itself still knows.
  await say(platform, serverId, await bridge.holds(serverId, [told]));
  expect((await verifyAudit(db, orgId)).fault?.seq).toBe(seq);
});
