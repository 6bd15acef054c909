import type { ServerId } from "@quarterdeck/core/ids";
import { and, asc, eq, gt, lt, max, min, sql, type SQL } from "drizzle-orm";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { insertWhen, previousChanged } from "../db/insert-when.ts";
import { readyStatement } from "../db/ready-statement.ts";
import { events, servers, shares } from "../db/schema.ts";
import type { Statement } from "../writer.ts";
import type { ChangeKind, ChangeView } from "./views.ts";

const insertFollowing = readyStatement<Omit<typeof events.$inferInsert, "eventId">>((value) =>
  insertWhen(
    events,
    { orgId: value("orgId"), kind: value("kind"), subjectId: value("subjectId"), atMs: value("atMs") },
    previousChanged,
  ),
);

/** The statement that records a change, for the unit that makes it. */
export function recordChange(
  scope: TenantScope,
  change: { kind: ChangeKind; id: string; atMs: number },
  condition: SQL,
): Statement {
  const values = { orgId: scope.orgId, kind: change.kind, subjectId: change.id, atMs: change.atMs };
  return condition === previousChanged ? insertFollowing(values) : insertWhen(events, values, condition);
}

/** Says of every server, of every org, that it changed: whether the relay is reachable concerns them all. */
export function recordChangeOfAllServers(atMs: number): SQL {
  return sql`insert into ${events} (${sql.identifier(events.orgId.name)}, ${sql.identifier(events.kind.name)}, ${sql.identifier(events.subjectId.name)}, ${sql.identifier(events.atMs.name)})
    select ${servers.orgId}, 'server', ${servers.serverId}, ${atMs} from ${servers}`;
}

/** Says of a server to the orgs that have a slice of it that it changed. */
export function recordChangeToGuests(change: { serverId: ServerId; atMs: number }, condition: SQL): SQL {
  const isGuest = and(eq(shares.serverId, change.serverId), eq(shares.state, "accepted"));
  return sql`insert into ${events} (${sql.identifier(events.orgId.name)}, ${sql.identifier(events.kind.name)}, ${sql.identifier(events.subjectId.name)}, ${sql.identifier(events.atMs.name)})
    select ${shares.guestOrgId}, 'server', ${shares.serverId}, ${change.atMs} from ${shares} where ${isGuest} and ${condition}`;
}

/** The oldest and the newest event of all orgs that are kept; 0 where there is none. */
export async function readEventBounds(db: Database): Promise<{ oldest: number; newest: number }> {
  const [row] = await db.select({ oldest: min(events.eventId), newest: max(events.eventId) }).from(events);
  return { oldest: row?.oldest ?? 0, newest: row?.newest ?? 0 };
}

export async function readChangesAfter(
  db: Database,
  scope: TenantScope,
  { after, limit }: { after: number; limit: number },
): Promise<{ eventId: number; change: ChangeView }[]> {
  const rows = await db
    .select()
    .from(events)
    .where(and(eq(events.orgId, scope.orgId), gt(events.eventId, after)))
    .orderBy(asc(events.eventId))
    .limit(limit);
  return rows.map((row) => ({
    eventId: row.eventId,
    change: { kind: row.kind, id: row.subjectId, atMs: row.atMs },
  }));
}

/** Deletes events from before a time; their numbers are never given again (AUTOINCREMENT). */
export function deleteEventsBefore(atMs: number): SQL {
  return sql`delete from ${events} where ${lt(events.atMs, atMs)}`;
}
