import type { OrgId, ServerId } from "@quarterdeck/core/ids";
import type { EvidenceReport, LimitEvidence } from "@quarterdeck/core/protocol/limit-evidence";
import { dayMs } from "@quarterdeck/core/units";
import { and, asc, desc, eq, lt, sql, type SQL } from "drizzle-orm";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import {
  limitEvidence,
  limitEvidenceHistory,
  limitReports,
  projects,
  runs,
  servers,
  workspaces,
} from "../db/schema.ts";
import {
  serverLimitsViewSchema,
  type EvidenceHistoryEntry,
  type EvidenceView,
  type LimitFinding,
  type ServerLimitsView,
} from "./views.ts";

interface Witness {
  readonly serverId: ServerId;
  readonly orgId: OrgId;
}

/** How long changes are kept, and how many of one server at most. */
const historyKeptMs = 90 * dayMs;
const historyKeptCount = 5000;
const shownFindings = 20;

/** Records that a bridge said something, if it did not say anything later. It changes a row exactly then. */
export function setReport(
  { serverId, orgId }: Witness,
  { said, atMs, mark }: { said: EvidenceReport; atMs: number; mark: string },
  guard: SQL,
): SQL {
  return sql`insert into ${limitReports} ("serverId", "orgId", "saidAtMs", "atMs", mark, driver, limited)
    select ${serverId}, ${orgId}, ${said.saidAtMs}, ${atMs}, ${mark}, ${said.driver}, ${JSON.stringify(said.limited)} where ${guard}
    on conflict ("serverId") do update set "orgId" = excluded."orgId", "saidAtMs" = excluded."saidAtMs", "atMs" = excluded."atMs",
    mark = excluded.mark, driver = excluded.driver, limited = excluded.limited where excluded."saidAtMs" > ${limitReports.saidAtMs}`;
}

/** True in the unit that recorded this report. */
export function isRecorded(serverId: ServerId, mark: string): SQL {
  return sql`exists (select 1 from ${limitReports} where ${and(eq(limitReports.serverId, serverId), eq(limitReports.mark, mark))})`;
}

/** What was said, of what is on that server only: nobody speaks of another's workspace. */
function saidRows({ serverId }: Witness, items: readonly LimitEvidence[]): SQL {
  return sql`(select value ->> 'node' as node, value ->> 'resource' as resource, value ->> 'wanted' as wanted,
      value ->> 'actual' as actual, value ->> 'state' as state, value ->> 'source' as source, value ->> 'atMs' as at
    from json_each(${JSON.stringify(items)})
    where exists (select 1 from ${workspaces} where ${workspaces.workspaceId} = json_each.value ->> 'node' and ${eq(workspaces.serverId, serverId)})
      or exists (select 1 from ${projects} join ${workspaces} on ${workspaces.workspaceId} = ${projects.workspaceId}
        where ${projects.projectId} = json_each.value ->> 'node' and ${eq(workspaces.serverId, serverId)})
      or exists (select 1 from ${runs} where ${runs.runId} = json_each.value ->> 'node' and ${eq(runs.serverId, serverId)} and ${runs.state} <> 'ended')) as said`;
}

/** Whose the node is: a guest's limits are the guest's to see, on whoever's server they hold. */
function orgOfSaid({ orgId }: Witness): SQL {
  return sql`coalesce((select ${workspaces.orgId} from ${workspaces} where ${workspaces.workspaceId} = said.node),
    (select ${projects.orgId} from ${projects} where ${projects.projectId} = said.node),
    (select ${runs.orgId} from ${runs} where ${runs.runId} = said.node), ${orgId})`;
}

/** Records what is otherwise than before, and forgets what is too much of that server. */
export function recordEvidenceChanges(
  witness: Witness,
  { items, atMs }: { items: readonly LimitEvidence[]; atMs: number },
  guard: SQL,
): SQL[] {
  const { serverId } = witness;
  return [
    sql`insert into ${limitEvidenceHistory}
      ("serverId", "orgId", "nodeId", resource, wanted, actual, state, source, "atMs", "heardAtMs")
      select ${serverId}, ${orgOfSaid(witness)}, said.node, said.resource, said.wanted, said.actual, said.state, said.source, said.at, ${atMs}
      from ${saidRows(witness, items)} where ${guard} and not exists (select 1 from ${limitEvidence} as known
        where known."serverId" = ${serverId} and known."nodeId" = said.node and known.resource = said.resource
        and known.wanted is said.wanted and known.actual is said.actual and known.state = said.state)`,
    sql`delete from ${limitEvidenceHistory} where ${eq(limitEvidenceHistory.serverId, serverId)} and "historyId" <= (
      select "historyId" from ${limitEvidenceHistory} where ${eq(limitEvidenceHistory.serverId, serverId)}
      order by "historyId" desc limit 1 offset ${historyKeptCount})`,
  ];
}

/** Records what is so now. Each node and resource once: of two the later one counts. */
export function setEvidence(
  witness: Witness,
  { items, atMs }: { items: readonly LimitEvidence[]; atMs: number },
  guard: SQL,
): SQL {
  const { serverId } = witness;
  return sql`insert into ${limitEvidence}
    ("serverId", "orgId", "nodeId", resource, wanted, actual, state, source, "atMs", "sinceMs")
    select ${serverId}, ${orgOfSaid(witness)}, said.node, said.resource, said.wanted, said.actual, said.state, said.source, said.at, ${atMs}
    from ${saidRows(witness, items)} where ${guard}
    on conflict ("serverId", "nodeId", resource) do update set wanted = excluded.wanted, actual = excluded.actual,
    "sinceMs" = case when wanted is excluded.wanted and actual is excluded.actual and state = excluded.state
      then "sinceMs" else excluded."sinceMs" end,
    state = excluded.state, source = excluded.source, "atMs" = excluded."atMs"`;
}

/** True where what was heard at that time changed something. */
export function hasChanged(serverId: ServerId, atMs: number, change: { readonly isMismatch: boolean }): SQL {
  const isThen = and(eq(limitEvidence.serverId, serverId), eq(limitEvidence.sinceMs, atMs));
  return sql`exists (select 1 from ${limitEvidence} where ${isThen} ${change.isMismatch ? sql`and ${limitEvidence.state} = 'mismatch'` : sql``})`;
}

/** Of a server: when its newest mismatch was heard of, while there is one. That of a run ends with the run. */
export const newestMismatchMs = sql<number | null>`(select max(${limitEvidence.sinceMs}) from ${limitEvidence}
  where ${limitEvidence.serverId} = ${servers.serverId} and ${limitEvidence.state} = 'mismatch'
  and not exists (select 1 from ${runs} where ${runs.runId} = ${limitEvidence.nodeId} and ${runs.state} = 'ended'))`;

/** Of a server: the same, as long as nobody said that it was seen. */
export const unseenMismatchMs = sql<number | null>`nullif(${newestMismatchMs},
  (select ${limitReports.seenMismatchAtMs} from ${limitReports} where ${eq(limitReports.serverId, servers.serverId)}))`;

/** Of a server: what its bridge said last of what it can limit. */
export const saidLimits = sql<ServerLimitsView | null>`(select
  json_object('driver', ${limitReports.driver}, 'limited', json(${limitReports.limited}), 'atMs', ${limitReports.atMs})
  from ${limitReports} where ${eq(limitReports.serverId, servers.serverId)})`.mapWith(
  (text: string): ServerLimitsView => serverLimitsViewSchema.parse(JSON.parse(text)),
);

/** Records that somebody saw what is wrong, while that is the newest finding. Doing it again changes nothing. */
export function setMismatchSeen({ serverId, orgId }: Witness, atMs: number): SQL {
  const isIt = sql`(select ${newestMismatchMs} from ${servers} where ${eq(servers.serverId, serverId)}) = ${atMs}`;
  return sql`update ${limitReports} set "seenMismatchAtMs" = ${atMs}
    where ${and(eq(limitReports.serverId, serverId), eq(limitReports.orgId, orgId), lt(limitReports.seenMismatchAtMs, atMs))} and ${isIt}`;
}

export async function listEvidence(
  db: Database,
  { orgId }: TenantScope,
  nodeId: LimitEvidence["node"],
): Promise<EvidenceView[]> {
  const { serverId, resource, wanted, actual, state, source, atMs, sinceMs } = limitEvidence;
  return db
    .select({ serverId, resource, wanted, actual, state, source, atMs, sinceMs })
    .from(limitEvidence)
    .where(and(eq(limitEvidence.orgId, orgId), eq(limitEvidence.nodeId, nodeId)))
    .orderBy(asc(resource));
}

/** Everything that is wrong on a server, the newest first. */
export async function listMismatches(
  db: Database,
  { orgId }: TenantScope,
  serverId: ServerId,
): Promise<LimitFinding[]> {
  const { nodeId, resource, wanted, actual, state, source, atMs, sinceMs } = limitEvidence;
  return db
    .select({
      serverId: limitEvidence.serverId,
      nodeId,
      name: sql<string | null>`coalesce(${workspaces.name}, ${projects.name})`,
      resource,
      wanted,
      actual,
      state,
      source,
      atMs,
      sinceMs,
    })
    .from(limitEvidence)
    .leftJoin(workspaces, sql`${workspaces.workspaceId} = ${nodeId}`)
    .leftJoin(projects, sql`${projects.projectId} = ${nodeId}`)
    .where(
      and(
        eq(limitEvidence.orgId, orgId),
        eq(limitEvidence.serverId, serverId),
        eq(state, "mismatch"),
        sql`not exists (select 1 from ${runs} where ${runs.runId} = ${nodeId} and ${runs.state} = 'ended')`,
      ),
    )
    .orderBy(desc(sinceMs))
    .limit(shownFindings);
}

export async function listEvidenceHistory(
  db: Database,
  { orgId }: TenantScope,
  { nodeId, before, limit }: { nodeId: LimitEvidence["node"]; before: number; limit: number },
): Promise<EvidenceHistoryEntry[]> {
  const { historyId, serverId, resource, wanted, actual, state, source, atMs } = limitEvidenceHistory;
  return db
    .select({ historyId, serverId, resource, wanted, actual, state, source, atMs })
    .from(limitEvidenceHistory)
    .where(and(eq(limitEvidenceHistory.orgId, orgId), eq(limitEvidenceHistory.nodeId, nodeId), lt(historyId, before)))
    .orderBy(desc(historyId))
    .limit(limit);
}

/** Deletes old changes, and what was said of runs that have ended. */
export function forgetEvidence(nowMs: number): SQL[] {
  return [
    sql`delete from ${limitEvidenceHistory} where ${lt(limitEvidenceHistory.heardAtMs, nowMs - historyKeptMs)}`,
    sql`delete from ${limitEvidence} where substr("nodeId", 1, 4) = 'run_'
      and not exists (select 1 from ${runs} where ${runs.runId} = "nodeId" and ${runs.state} <> 'ended')`,
  ];
}
