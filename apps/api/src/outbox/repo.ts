import type { ServerId } from "@quarterdeck/core/ids";
import type { OutboxEntry } from "@quarterdeck/core/protocol/relay-api";
import { and, asc, eq, gt, lt, sql, type Placeholder, type SQL } from "drizzle-orm";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { previousChanged } from "../db/insert-when.ts";
import { prepared } from "../db/prepared.ts";
import { readyStatement } from "../db/ready-statement.ts";
import { claims, outbox, servers, type UnplacedEntry } from "../db/schema.ts";
import { isReachedBy } from "../sharing/reach-conditions.ts";
import type { Statement } from "../writer.ts";

/**
 * The two statements that put an entry into a server's outbox, for the unit that needs it. Positions are contiguous per
 * server because each is taken inside the write. Both change a row exactly when `condition` holds for the first.
 */
export function enqueue(
  { serverId, entry, nowMs }: { serverId: ServerId; entry: UnplacedEntry; nowMs: number },
  condition: SQL,
): Statement[] {
  const moved = condition === previousChanged ? moveHeadFollowing({ serverId }) : moveHead(serverId, condition);
  return [moved, insertAtHead({ serverId, entry: JSON.stringify(entry), nowMs })];
}

function moveHead(serverId: ServerId | Placeholder, condition: SQL): SQL {
  const head = sql.identifier(servers.outboxHead.name);
  return sql`update ${servers} set ${head} = ${head} + 1 where ${eq(servers.serverId, serverId)} and ${condition}`;
}

const moveHeadFollowing = readyStatement<{ serverId: ServerId }>((value) =>
  moveHead(value("serverId"), previousChanged),
);

const insertAtHead = readyStatement<{ serverId: ServerId; entry: string; nowMs: number }>(
  (
    value,
  ) => sql`insert into ${outbox} select ${servers.serverId}, ${servers.outboxHead}, ${value("entry")}, ${value("nowMs")}
    from ${servers} where ${eq(servers.serverId, value("serverId"))} and ${previousChanged}`,
);

/** The same for each server that an org has or has a slice of, one entry for all. */
export function enqueueForOrg(
  { orgId }: TenantScope,
  { entry, nowMs }: { entry: UnplacedEntry; nowMs: number },
  condition: SQL,
): Statement[] {
  const head = sql.identifier(servers.outboxHead.name);
  return [
    sql`update ${servers} set ${head} = ${head} + 1 where ${isReachedBy(orgId)} and ${condition}`,
    sql`insert into ${outbox} select ${servers.serverId}, ${servers.outboxHead}, ${JSON.stringify(entry)}, ${nowMs}
      from ${servers} where ${isReachedBy(orgId)} and changes() > 0`,
  ];
}

/** The position that the entry enqueued just before, in the same unit, has. */
export function headOf(serverId: ServerId | Placeholder): SQL {
  return sql`(select ${servers.outboxHead} from ${servers} where ${eq(servers.serverId, serverId)})`;
}

const serversWithOutbox = prepared((db) =>
  db
    .select({ serverId: servers.serverId, through: servers.outboxThrough })
    .from(servers)
    .where(gt(servers.outboxHead, servers.outboxThrough))
    .prepare(),
);

/** The servers for which something is to be sent, and how far the relay is. */
export async function listServersWithOutbox(db: Database): Promise<{ serverId: ServerId; through: number }[]> {
  return serversWithOutbox(db).all();
}

const outboxAfter = prepared((db) =>
  db
    .select()
    .from(outbox)
    .where(and(eq(outbox.serverId, sql.placeholder("serverId")), gt(outbox.position, sql.placeholder("after"))))
    .orderBy(asc(outbox.position))
    .limit(sql.placeholder("limit"))
    .prepare(),
);

export async function readOutboxAfter(
  db: Database,
  { serverId, after, limit }: { serverId: ServerId; after: number; limit: number },
): Promise<OutboxEntry[]> {
  const rows = await outboxAfter(db).all({ serverId, after, limit });
  return rows.map((row) => ({ ...row.entry, position: row.position }));
}

/** Records how far the relay is, if this drainer still holds the claim with its fence. */
export function setOutboxThrough(
  { serverId, through }: { serverId: ServerId; through: number },
  claim: { name: string; fence: number },
): SQL {
  return sql`update ${servers} set ${sql.identifier(servers.outboxThrough.name)} = ${through}
    where ${eq(servers.serverId, serverId)} and ${servers.outboxHead} >= ${through}
    and exists (select 1 from ${claims} where ${eq(claims.name, claim.name)} and ${eq(claims.fence, claim.fence)})`;
}

/** Deletes what the relay has stored and nobody will ask for again. The first entry of a server introduces its key and stays. */
export function deleteSentBefore(createdAtMs: number): SQL {
  return sql`delete from ${outbox} where ${lt(outbox.createdAtMs, createdAtMs)} and ${gt(outbox.position, 1)}
    and ${outbox.position} <= (select ${servers.outboxThrough} from ${servers} where ${eq(servers.serverId, outbox.serverId)})`;
}
