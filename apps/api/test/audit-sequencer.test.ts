import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chain, emptyChain, type ChainId } from "@quarterdeck/core/audit/chain";
import type { OrgId, ServerId } from "@quarterdeck/core/ids";
import { minuteMs } from "@quarterdeck/core/units";
import { sql } from "drizzle-orm";
import { afterEach, beforeEach, expect, test } from "vitest";
import { appendToChain, readChain, readChainHead, readUnchained, sha256 } from "../src/audit/chain-repo.ts";
import { HeadTeller } from "../src/audit/head-teller.ts";
import { recordAudit, type AuditEntry } from "../src/audit/repo.ts";
import { AuditSequencer } from "../src/audit/sequencer.ts";
import { verifyAudit } from "../src/audit/verify-audit.ts";
import { listPossibleWitnesses } from "../src/audit/witness-repo.ts";
import { openDatabase, type OpenDatabase } from "../src/db/database.ts";
import { migrateDatabase } from "../src/db/migrate.ts";
import { auditEntries } from "../src/db/schema.ts";
import { ChangeSignal } from "../src/events/change-signal.ts";
import { createLog } from "../src/log.ts";
import { takeClaim, type Claim } from "../src/outbox/claim.ts";
import { systemClock } from "../src/system-clock.ts";
import { Writer, type StatementOutcome, type Unit } from "../src/writer.ts";
import { newId } from "./test-api.ts";

const silent = createLog("fatal", { write: () => undefined });
const org = newId("org");
let folder: string;
let open: OpenDatabase[];
const sequencers: AuditSequencer[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "quarterdeck-sequencer-"));
  open = [];
  await migrateDatabase(await connect(), { nowMs: 1 });
});
afterEach(async () => {
  await Promise.all(sequencers.splice(0).map((sequencer) => sequencer.stop()));
  for (const database of open) database.close();
  await rm(folder, { recursive: true, force: true });
});

async function connect(): Promise<OpenDatabase> {
  const database = await openDatabase(`file:${folder}/quarterdeck.db`, null);
  await database.client.execute("PRAGMA busy_timeout = 5000");
  open.push(database);
  return database;
}

/** A database whose every nth write fails, before or after it was done. */
class FaultyWriter extends Writer {
  #writes = 0;
  failEvery = 0;

  override async commit(unit: Unit): Promise<StatementOutcome[]> {
    const nth = ++this.#writes;
    const isFailing = this.failEvery > 0 && nth % this.failEvery === 0;
    if (isFailing && nth % 2 === 0) throw new Error("the database did not answer");
    const outcomes = await super.commit(unit);
    if (isFailing) throw new Error("the database's answer was lost");
    return outcomes;
  }
}

/** An API process, as far as the audit goes. */
async function replica() {
  const { client, db } = await connect();
  const changes = new ChangeSignal();
  const writer = new FaultyWriter(client, { onCommit: () => changes.wake() });
  const runtime = { db, writer, clock: systemClock, log: silent, changes, relay: {} as never, keys: {} as never };
  const sequencer = new AuditSequencer(runtime, { isAlone: false });
  const write = (entry: Partial<AuditEntry> = {}) => {
    const complete = {
      orgId: org,
      actor: "usr",
      address: null,
      action: "a.b",
      subject: null,
      outcome: "done",
      detail: null,
    } as const;
    return Writer.prototype.commit.call(writer, [
      recordAudit({ clock: systemClock, makeId: newId }, { ...complete, ...entry }),
    ]);
  };
  const begin = () => {
    sequencer.start();
    sequencers.push(sequencer);
  };
  const claim = async (holder: string): Promise<Claim> => {
    const wish = { name: "audit", holder, nowMs: 0, durationMs: 1, isForced: true };
    const taken = await takeClaim({ db, writer }, wish);
    if (taken === null) throw new Error("no claim");
    return taken;
  };
  return { db, writer, sequencer, write, begin, claim };
}
type Replica = Awaited<ReturnType<typeof replica>>;

/** How many entries are in the chains, once all that wait have their places, and what is wrong with any of them. */
async function settle({ db }: Replica, chainIds: readonly ChainId[] = [org]) {
  await expect.poll(async () => (await readUnchained(db, 10)).size, { timeout: 15_000 }).toBe(0);
  const verified = await Promise.all(chainIds.map((chainId) => verifyAudit(db, chainId)));
  const chained = verified.reduce((sum, { head }) => sum + head.seq, 0);
  const faults = verified.flatMap(({ fault }) => fault ?? []);
  return { chained, written: await db.$count(auditEntries), faults };
}

/** Each entry is in its chain once, and the chains are whole. */
const whole = (count: number) => ({ chained: count, written: count, faults: [] });

test("entries are chained in the order in which they were written, each org's apart, those of no org too", async () => {
  const one = await replica();
  const [other, third] = [newId("org"), null];
  for (let i = 0; i < 20; i++) await one.write({ orgId: [org, other, third][i % 3] ?? null, detail: String(i) });
  one.begin();
  expect(await settle(one, [org, other, "platform"])).toEqual(whole(20));
  const details = (await readChain(one.db, org, { after: 0, limit: 100 })).map(({ detail }) => Number(detail));
  expect(details).toEqual([0, 3, 6, 9, 12, 15, 18]);
});

test("more than fits into a pass, and what is written meanwhile, is chained too", async () => {
  const one = await replica();
  await Promise.all(Array.from({ length: 1100 }, () => one.write()));
  one.begin();
  await Promise.all(Array.from({ length: 100 }, () => one.write()));
  expect(await settle(one)).toEqual(whole(1200));
});

test("two replicas that write and chain at once, with a database that fails before and after its work, break no chain [E2] [F2]", async () => {
  const replicas = await Promise.all([replica(), replica()]);
  const [one, two] = replicas;
  one.writer.failEvery = 3;
  two.writer.failEvery = 2;
  for (const each of replicas) each.begin();
  for (let round = 0; round < 10; round++) {
    await Promise.all(replicas.flatMap((each) => Array.from({ length: 8 }, () => each.write())));
  }
  for (const each of replicas) each.writer.failEvery = 0;
  expect(await settle(one)).toEqual(whole(160));
});

test("what is written while nobody chains, as after a crash, is chained by whoever comes next [E2]", async () => {
  const [one, two] = [await replica(), await replica()];
  await one.write();
  one.begin();
  expect(await settle(one)).toEqual(whole(1));
  await sequencers.pop()?.stop();
  await one.write();
  await one.claim("a process that died with the claim");
  two.begin();
  expect(await settle(two)).toEqual(whole(2));
});

async function waiting({ db }: Replica) {
  const records = (await readUnchained(db, 100)).get(org) ?? [];
  const after = await readChainHead(db, org);
  return { chainId: org, after, entries: chain({ chainId: org, sha256 }, after, records) };
}

test("whoever lost the claim after reading changes nothing; nor does the same again [E2]", async () => {
  const one = await replica();
  await one.write();
  const stale = await one.claim("one");
  const slow = await waiting(one);
  const fresh = await one.claim("two");
  expect((await one.writer.commit(appendToChain(slow, stale))).at(-1)?.rowsChanged).toBe(0);
  expect(await readChainHead(one.db, org)).toEqual(emptyChain);
  expect((await one.writer.commit(appendToChain(slow, fresh))).at(-1)?.rowsChanged).toBe(1);
  expect((await one.writer.commit(appendToChain(slow, fresh))).at(-1)?.rowsChanged).toBe(0);
  expect(await settle(one)).toEqual(whole(1));
});

test("places that were made behind a head that has moved on are given to nobody [E2]", async () => {
  const one = await replica();
  const claim = await one.claim("one");
  await one.write({ detail: "first" });
  const slow = await waiting(one);
  await one.write({ detail: "second" });
  await one.writer.commit(appendToChain(await waiting(one), claim));
  await one.write({ detail: "third" });
  const [, , third] = (await waiting(one)).entries;
  expect(third).toBeUndefined();
  const late = { ...slow, entries: chain({ chainId: org, sha256 }, slow.after, (await waiting(one)).entries) };
  expect((await one.writer.commit(appendToChain(late, claim))).at(-1)?.rowsChanged).toBe(0);
  await one.writer.commit(appendToChain(await waiting(one), claim));
  expect(await settle(one)).toEqual(whole(3));
});

test("an entry that vanished after it was read leaves no hole: nothing is chained until it is read again [E2]", async () => {
  const one = await replica();
  const claim = await one.claim("one");
  await one.write({ detail: "stays" });
  await one.write({ detail: "goes" });
  const slow = await waiting(one);
  await one.writer.commit([sql`delete from ${auditEntries} where detail = 'goes'`]);
  expect((await one.writer.commit(appendToChain(slow, claim))).at(-1)?.rowsChanged).toBe(0);
  expect(await readChainHead(one.db, org)).toEqual(emptyChain);
  await one.writer.commit(appendToChain(await waiting(one), claim));
  expect(await settle(one)).toEqual(whole(1));
});

test("looking for what waits, and for what is to be told, reads no entry that has its place", async () => {
  const { db } = await replica();
  const plan = async (query: string) => (await open[0]?.client.execute(`explain query plan ${query}`))?.rows;
  const unchained = db.select().from(auditEntries).where(sql`"seq" is null`).orderBy(sql`rowid`).limit(500);
  expect(await plan(unchained.toSQL().sql.replace("?", "500"))).toMatchObject([
    { detail: "SEARCH audit_entries USING INDEX audit_entries_unchained (seq=?)" },
  ]);
  const toTell = `select * from audit_chains where seq > "toldSeq" and ("toldAtMs" <= 1 or "toldAtMs" > 2) order by "toldAtMs"`;
  expect(await plan(toTell)).toMatchObject([{ detail: "SCAN audit_chains USING INDEX audit_chains_to_tell" }]);
});

interface ServerWish {
  readonly orgId?: OrgId;
  readonly status?: "online" | "offline";
  readonly features?: readonly string[];
  readonly revokedAtMs?: number;
  readonly holdsSeq?: number;
}

async function addServer({ writer }: Replica, wish: ServerWish = {}): Promise<ServerId> {
  const { orgId = org, status = "online", features = ["auditHeads"], revokedAtMs = null, holdsSeq } = wish;
  const serverId = newId("server");
  await writer.commit([
    sql`insert into orgs ("orgId", name, "createdAtMs") values (${orgId}, 'Orchard', 1) on conflict do nothing`,
    sql`insert into servers ("serverId", "orgId", name, "isThisMachine", "publicKey", "keyFingerprint", status, "statusSinceMs", capabilities, "createdAtMs", "revokedAtMs")
      values (${serverId}, ${orgId}, 'box', false, ${serverId}, 'key', ${status}, 1, ${JSON.stringify({ features })}, 1, ${revokedAtMs})`,
    ...(holdsSeq === undefined
      ? []
      : [sql`insert into audit_witnesses ("serverId", "orgId", seq) values (${serverId}, ${orgId}, ${holdsSeq})`]),
  ]);
  return serverId;
}

test("only servers of the org that are there, know what a head is and may hold an older one can be told", async () => {
  const one = await replica();
  const possible = [await addServer(one), await addServer(one, { holdsSeq: 4 })];
  await addServer(one, { orgId: newId("org") });
  await addServer(one, { status: "offline" });
  await addServer(one, { features: ["drain"] });
  await addServer(one, { revokedAtMs: 1 });
  await addServer(one, { holdsSeq: 5 });
  const found = await listPossibleWitnesses(one.db, { orgId: org, seq: 5, hash: "" });
  expect(found.toSorted()).toEqual(possible.toSorted());
});

test("an org's bridges are told once a minute at most, and only when something was written", async () => {
  const one = await replica();
  const claim = await one.claim("one");
  const serverId = await addServer(one);
  let nowMs = Date.now();
  const told: string[] = [];
  const teller = new HeadTeller({
    ...one,
    log: silent,
    clock: { ...systemClock, nowMs: () => nowMs },
    relay: { tellAuditHead: async (id: ServerId) => told.push(id) > 0 } as never,
    keys: { platform: { sign: async (_: string, signed: string) => ({ signed, signature: "" }) } } as never,
  });
  const write = async () => {
    await one.write();
    await one.writer.commit(appendToChain(await waiting(one), claim));
  };
  const look = async () => {
    for (let i = 0; i < 3; i++) if (await teller.isDue()) await teller.tell(claim);
    return told.length;
  };
  expect(await look()).toBe(0);
  await write();
  expect(await look()).toBe(1);
  await write();
  nowMs += minuteMs - 1;
  expect(await look()).toBe(1);
  nowMs += 1;
  expect(await look()).toBe(2);
  nowMs += 10 * minuteMs;
  expect(await teller.isDue()).toBe(false);
  expect(await look()).toBe(2);
  await write();
  expect(await look()).toBe(3);
  // A clock that was ten years ahead for a while keeps nobody from being told.
  await write();
  nowMs -= 10 * 365 * 24 * 60 * minuteMs;
  expect(await look()).toBe(4);
  await write();
  nowMs += minuteMs;
  await one.claim("two");
  expect(await look()).toBe(4);
  expect(new Set(told)).toEqual(new Set([serverId]));
});
