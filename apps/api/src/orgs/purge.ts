import type { OrgId, ServerId } from "@quarterdeck/core/ids";
import { dayMs } from "@quarterdeck/core/units";
import { and, eq, isNull, lte, ne, sql } from "drizzle-orm";
import { recordAudit } from "../audit/repo.ts";
import { insertWhen, previousChanged } from "../db/insert-when.ts";
import { auditChains, auditEntries, members, orgs, purgedOrgs, servers } from "../db/schema.ts";
import { enqueue } from "../outbox/repo.ts";
import type { Runtime } from "../runtime.ts";
import { revokeServerRow } from "../servers/repo.ts";
import { keyOf, orgTables } from "./org-tables.ts";
import { readmit } from "./readmission.ts";
import { listDueOrgs } from "./repo.ts";

/** Rows that are deleted in one write, so that nobody else waits long. */
const rowsAtOnce = 500;
/** A relay that has not taken the revocations until then is not there any more. */
const longestWaitMs = 7 * dayMs;

/** What the last step deletes together. */
const lastTables = new Set(["audit_entries", "audit_chains", "orgs"]);

/**
 * Deletes the orgs whose time of grace is over. Each step can be done again, and what is done is seen in the rows, so a process
 * that dies leaves to the next one what is left.
 */
export async function purgeDueOrgs(runtime: Runtime): Promise<void> {
  for (const orgId of await listDueOrgs(runtime.db, runtime.clock.nowMs())) {
    // What hinders one org hinders no other; the next round tries again.
    await purgeOrg(runtime, orgId).catch((error: unknown) =>
      runtime.log.error({ err: error, orgId }, "deleting an org failed"),
    );
  }
}

async function purgeOrg(runtime: Runtime, orgId: OrgId): Promise<void> {
  await begin(runtime, orgId);
  if (!(await areServersTold(runtime, orgId))) return; // The next round looks again.
  for (const { table } of orgTables) if (!lastTables.has(table)) await deleteRows(runtime, table, orgId);
  await end(runtime, orgId);
}

/** Nobody is in it any more, and the relay is told that its servers' keys count for nothing. */
async function begin(runtime: Runtime, orgId: OrgId): Promise<void> {
  const { db, writer, clock } = runtime;
  const nowMs = clock.nowMs();
  const isDue = and(eq(orgs.orgId, orgId), lte(orgs.deleteAtMs, nowMs));
  const [begun] = await writer.commit([
    insertWhen(purgedOrgs, { orgId, startedAtMs: nowMs }, sql`exists (select 1 from ${orgs} where ${isDue})`),
    recordAudit(
      runtime,
      { orgId, actor: "platform", address: null, action: "org.purge", subject: orgId, outcome: "done", detail: null },
      previousChanged,
    ),
  ]);
  if (begun?.rowsChanged === 1) runtime.log.info({ orgId }, "an org is being deleted: its time of grace is over");
  await writer.commit([sql`delete from ${members} where ${eq(members.orgId, orgId)}`]);
  readmit(runtime, orgId, "signedOut");
  const there: { serverId: ServerId }[] = await db
    .select({ serverId: servers.serverId })
    .from(servers)
    .where(and(eq(servers.orgId, orgId), isNull(servers.revokedAtMs)));
  for (const { serverId } of there) {
    await writer.commit([
      revokeServerRow({ orgId }, { serverId, nowMs }),
      ...enqueue({ serverId, entry: { kind: "revoke" }, nowMs }, previousChanged),
    ]);
  }
  runtime.nudgeOutbox();
}

async function areServersTold({ db, clock, log }: Runtime, orgId: OrgId): Promise<boolean> {
  const isBehind = and(eq(servers.orgId, orgId), ne(servers.outboxHead, servers.outboxThrough));
  const behind = await db.select({ serverId: servers.serverId }).from(servers).where(isBehind);
  if (behind.length === 0) return true;
  const [purge] = await db.select().from(purgedOrgs).where(eq(purgedOrgs.orgId, orgId));
  if (purge === undefined || clock.nowMs() < purge.startedAtMs + longestWaitMs) return false;
  log.warn({ orgId, servers: behind }, "the relay was not told that these servers are gone: it could not be reached");
  return true;
}

async function deleteRows({ db, writer }: Runtime, table: string, orgId: OrgId): Promise<void> {
  const described = orgTables.find((one) => one.table === table);
  if (described === undefined) throw new Error(`${table} holds no rows of orgs`);
  const { isOf } = described;
  const key = keyOf(described);
  const name = sql.identifier(table);
  if (table === "quota_changes" || table === "quota_paths") return; // With the nodes, by which they are found.
  if (table === "quota_nodes") {
    const nodes = await db.all<{ id: string }>(sql`select id from quota_nodes where ${isOf(orgId)}`);
    const ids = JSON.stringify(nodes.map(({ id }) => id));
    await writer.commit([
      sql`delete from quota_nodes where id in (select value from json_each(${ids}))`,
      sql`delete from quota_changes where node_id in (select value from json_each(${ids}))`,
    ]);
    return;
  }
  for (;;) {
    const [deleted] = await writer.commit([
      sql`delete from ${name} where (${key}) in (select ${key} from ${name} where ${isOf(orgId)} limit ${rowsAtOnce}) and ${isOf(orgId)}`,
    ]);
    if ((deleted?.rowsChanged ?? 0) < rowsAtOnce) return;
  }
}

/** Once all of its audit is chained, how that ends stays, and the rest goes. */
async function end({ writer, clock, log }: Runtime, orgId: OrgId): Promise<void> {
  const isOpen = and(eq(auditEntries.orgId, orgId), isNull(auditEntries.seq));
  const head = sql`from ${auditChains} where ${eq(auditChains.chainId, orgId)}`;
  await writer.commit([
    sql`update ${purgedOrgs} set "auditSeq" = (select ${auditChains.seq} ${head}), "auditHash" = (select ${auditChains.hash} ${head})
      where ${and(eq(purgedOrgs.orgId, orgId), isNull(purgedOrgs.auditSeq))} and exists (select 1 ${head})
      and not exists (select 1 from ${auditEntries} where ${isOpen})`,
  ]);
  const isKept = sql`exists (select 1 from ${purgedOrgs} where ${eq(purgedOrgs.orgId, orgId)} and ${purgedOrgs.auditSeq} is not null)`;
  for (;;) {
    const [deleted] = await writer.commit([
      sql`delete from ${auditEntries} where rowid in (
        select rowid from ${auditEntries} where ${eq(auditEntries.orgId, orgId)} and ${isKept} limit ${rowsAtOnce})`,
    ]);
    if ((deleted?.rowsChanged ?? 0) < rowsAtOnce) break;
  }
  const [, gone] = await writer.commit([
    sql`delete from ${auditChains} where ${eq(auditChains.chainId, orgId)} and ${isKept}`,
    sql`delete from ${orgs} where ${eq(orgs.orgId, orgId)} and ${isKept}`,
    sql`update ${purgedOrgs} set "endedAtMs" = ${clock.nowMs()} where ${eq(purgedOrgs.orgId, orgId)} and ${previousChanged}`,
  ]);
  if (gone?.rowsChanged === 1) log.info({ orgId }, "an org has been deleted");
}
