import { protocolRange } from "@quarterdeck/core/protocol/version";
import { asc, count, desc, gt, isNull, min, sql } from "drizzle-orm";
import { auditEntries, outbox, servers } from "../db/schema.ts";
import type { Runtime } from "../runtime.ts";
import { platformVersion } from "./platform-version.ts";
import type { PlatformHealth } from "./views.ts";

const worstServers = 10;

/** How each part is, asked now. */
export async function readHealth(runtime: Runtime): Promise<PlatformHealth> {
  const { clock, relay, housekeeping } = runtime;
  const [database, relayMs] = await Promise.all([readDatabase(runtime), timed(runtime, () => relay.probe())]);
  return {
    atMs: clock.nowMs(),
    database,
    relay: { isReachable: relay.isReachable, latencyMs: relayMs },
    outbox: await readOutbox(runtime),
    housekeeping: housekeeping.last,
    audit: await readSequencerLag(runtime),
    versions: await readVersions(runtime),
  };
}

async function readDatabase(runtime: Runtime): Promise<PlatformHealth["database"]> {
  const { db, env } = runtime;
  const latencyMs = await timed(runtime, () => db.get(sql`select 1`));
  const isFile = env.databaseUrl.startsWith("file:");
  return { isFile, latencyMs, sizeBytes: isFile ? await readSize(runtime) : null };
}

async function readSize({ db }: Runtime): Promise<number | null> {
  const row = await db.get<{ bytes: number } | undefined>(
    sql`select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()`,
  );
  return row?.bytes ?? null;
}

async function readOutbox({ db }: Runtime): Promise<PlatformHealth["outbox"]> {
  const waiting = sql<number>`${servers.outboxHead} - ${servers.outboxThrough}`;
  const isBehind = gt(servers.outboxHead, servers.outboxThrough);
  const [sum] = await db
    .select({ waiting: sql<number>`coalesce(sum(${waiting}), 0)` })
    .from(servers)
    .where(isBehind);
  const worst = await db
    .select({
      serverId: servers.serverId,
      orgId: servers.orgId,
      waiting,
      oldestAtMs: sql<number>`(select ${outbox.createdAtMs} from ${outbox} where ${outbox.serverId} = ${servers}."serverId"
        and ${outbox.position} > ${servers}."outboxThrough" order by ${outbox.position} limit 1)`,
    })
    .from(servers)
    .where(isBehind)
    .orderBy(desc(waiting), asc(servers.serverId))
    .limit(worstServers);
  return { waiting: sum?.waiting ?? 0, worst: worst.map((row) => ({ ...row, oldestAtMs: row.oldestAtMs ?? 0 })) };
}

async function readSequencerLag({ db }: Runtime): Promise<PlatformHealth["audit"]> {
  const [row] = await db
    .select({ unchained: count(), oldestAtMs: min(auditEntries.atMs) })
    .from(auditEntries)
    .where(isNull(auditEntries.seq));
  return { unchained: row?.unchained ?? 0, oldestAtMs: row?.oldestAtMs ?? null };
}

async function readVersions({ db, env, relay, release }: Runtime): Promise<PlatformHealth["versions"]> {
  const version = sql<string>`coalesce(json_extract(${servers.capabilities}, '$.bridgeVersion'), 'unknown')`;
  const bridges = await db
    .select({ version, servers: count() })
    .from(servers)
    .where(isNull(servers.revokedAtMs))
    .groupBy(version)
    .orderBy(desc(count()), asc(version));
  const { major, minor } = protocolRange.max;
  return {
    api: platformVersion,
    console: env.webDist === null ? null : platformVersion,
    relayProtocol: relay.protocol,
    apiProtocol: `${major}.${minor}`,
    offeredBridge: release?.manifest.version ?? null,
    bridges,
  };
}

/** How long something takes, in milliseconds. */
async function timed({ clock }: Runtime, act: () => Promise<unknown>): Promise<number> {
  const startedAtMs = clock.monotonicMs();
  await act();
  return Math.round((clock.monotonicMs() - startedAtMs) * 10) / 10;
}
