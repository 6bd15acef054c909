import type { OrgId } from "@quarterdeck/core/ids";
import { lifecycleStates, type LifecycleFactors, type LifecycleState } from "@quarterdeck/core/quota/lifecycle";
import { SqlLedgerRows } from "@quarterdeck/core/quota/ledger/sql-ledger-rows";
import { quotaResourceNames, quotaResources, type QuotaResource } from "@quarterdeck/core/quota/quota-resources";
import type { SqlRow } from "@quarterdeck/core/quota/sql-statement";
import { and, count, desc, eq, getTableColumns, gt, inArray, lt, max, sql, type SQL } from "drizzle-orm";
import * as z from "zod";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { insertWhen } from "../db/insert-when.ts";
import {
  orgs,
  outbox,
  projects,
  quotaHistory,
  quotaOvercommits,
  quotaWeights,
  runs,
  servers,
  shares,
  tasks,
  users,
  workspaces,
} from "../db/schema.ts";
import { isReachedBy, knownStates } from "../sharing/reach-conditions.ts";
import { sliceResources } from "../sharing/views.ts";
import { isClosing } from "../orgs/closing.ts";
import type { Statement } from "../writer.ts";
import type { RunsInUse } from "./in-use.ts";
import type { NodeQuota, QuotaHistoryEntry, QuotaNodeId } from "./views.ts";

/** A node of an org's tree as the services know it. */
export interface QuotaNode {
  readonly id: QuotaNodeId;
  readonly parentId: QuotaNodeId | null;
  readonly name: string;
  readonly limit: Float64Array;
  readonly held: Float64Array;
  readonly isOvercommitted: boolean;
  readonly weight: number;
  /** How much of its quota a project has; null for what is no project. */
  readonly lifecycle: LifecycleState | null;
}

const nodeWeight = sql`coalesce((select ${quotaWeights.weight} from ${quotaWeights} where ${quotaWeights.nodeId} = quota_nodes.id), 1)`;
const rows = new SqlLedgerRows(quotaResources);
const lifecycleSchema = z.enum(lifecycleStates).nullable();
const nodeName = sql`(select name from ${orgs} where ${orgs.orgId} = quota_nodes.id
  union all select name from ${workspaces} where ${workspaces.workspaceId} = quota_nodes.id
  union all select name from ${projects} where ${projects.projectId} = quota_nodes.id)`;

/** All nodes of an org, parents before their children, the oldest first. */
export async function readQuotaTree(db: Database, { orgId }: TenantScope): Promise<QuotaNode[]> {
  const found = await db.all<SqlRow>(sql`select quota_nodes.*, ${nodeName} as name,
    exists (select 1 from ${quotaOvercommits} where ${quotaOvercommits.nodeId} = quota_nodes.id) as "isOvercommitted",
    ${nodeWeight} as weight,
    (select ${projects.lifecycle} from ${projects} where ${projects.projectId} = quota_nodes.id) as lifecycle
    from quota_paths join quota_nodes on quota_nodes.id = quota_paths.node_id
    where quota_paths.ancestor_id = ${orgId} order by quota_paths.distance, quota_nodes.id`);
  return found.map((row) => {
    const { id, parentId, limit, held } = rows.node(row);
    const ids = { id: id as QuotaNodeId, parentId: parentId as QuotaNodeId | null };
    return {
      ...ids,
      limit,
      held,
      name: String(row["name"]),
      isOvercommitted: row["isOvercommitted"] === 1,
      weight: Number(row["weight"]),
      lifecycle: lifecycleSchema.parse(row["lifecycle"]),
    };
  });
}

export async function readNodeName(db: Database, { orgId }: TenantScope, nodeId: QuotaNodeId): Promise<string> {
  const [row] = await db.all<{ name: string }>(sql`select ${nodeName} as name from quota_nodes
    join quota_paths on quota_paths.node_id = quota_nodes.id and quota_paths.ancestor_id = ${orgId}
    where quota_nodes.id = ${nodeId}`);
  return row?.name ?? nodeId;
}

/** Whose node it is; null where it is nobody's. */
export async function readOrgOf(db: Database, nodeId: string): Promise<OrgId | null> {
  const [row] = await db.all<{ orgId: OrgId }>(sql`select ${orgs.orgId} as "orgId" from quota_paths
    join ${orgs} on ${orgs.orgId} = quota_paths.ancestor_id where quota_paths.node_id = ${nodeId}`);
  return row?.orgId ?? null;
}

/** The number of the newest change in an org; 0 where there was none. */
export async function readNewestChange(db: Database, { orgId }: TenantScope): Promise<number> {
  const [row] = await db
    .select({ newest: max(quotaHistory.historyId) })
    .from(quotaHistory)
    .where(eq(quotaHistory.orgId, orgId));
  return row?.newest ?? 0;
}

/** Records a change, unless another one was made since the decision was. */
export function insertHistory(
  { orgId }: TenantScope,
  entry: Omit<QuotaHistoryEntry, "historyId" | "actorEmail">,
  { newestChange }: { newestChange: number },
): SQL {
  return insertWhen(
    quotaHistory,
    { ...entry, orgId },
    sql`not exists (select 1 from ${quotaHistory} where ${and(eq(quotaHistory.orgId, orgId), gt(quotaHistory.historyId, newestChange))})`,
  );
}

const { orgId: _orgId, ...ownColumns } = getTableColumns(quotaHistory);
const historyColumns = { ...ownColumns, actorEmail: users.email };

export async function listHistory(
  db: Database,
  { orgId }: TenantScope,
  { nodeId, before, limit }: { nodeId: QuotaNodeId; before: number; limit: number },
): Promise<QuotaHistoryEntry[]> {
  return db
    .select(historyColumns)
    .from(quotaHistory)
    .innerJoin(users, eq(users.userId, quotaHistory.actor))
    .where(and(eq(quotaHistory.orgId, orgId), eq(quotaHistory.nodeId, nodeId), lt(quotaHistory.historyId, before)))
    .orderBy(desc(quotaHistory.historyId))
    .limit(limit);
}

export async function findHistory(
  db: Database,
  { orgId }: TenantScope,
  { nodeId, historyId }: { nodeId: QuotaNodeId; historyId: number },
): Promise<QuotaHistoryEntry | null> {
  const [row] = await db
    .select(historyColumns)
    .from(quotaHistory)
    .innerJoin(users, eq(users.userId, quotaHistory.actor))
    .where(and(eq(quotaHistory.orgId, orgId), eq(quotaHistory.nodeId, nodeId), eq(quotaHistory.historyId, historyId)));
  return row ?? null;
}

/** Lets a node give its children more than it has, or not any more. */
export function writeOvercommit(
  { orgId }: TenantScope,
  { nodeId, isOvercommitted }: Pick<NodeQuota, "isOvercommitted"> & { nodeId: QuotaNodeId },
  condition: SQL,
): SQL {
  if (isOvercommitted) return insertWhen(quotaOvercommits, { nodeId, orgId }, condition);
  return sql`delete from ${quotaOvercommits}
    where ${and(eq(quotaOvercommits.nodeId, nodeId), eq(quotaOvercommits.orgId, orgId))} and ${condition}`;
}

/** Sets what a node gets beside its siblings. */
export function writeWeight(
  { orgId }: TenantScope,
  { nodeId, weight }: { nodeId: QuotaNodeId; weight: number },
  condition: SQL,
): SQL {
  return sql`insert into ${quotaWeights} ("nodeId", "orgId", weight) select ${nodeId}, ${orgId}, ${weight}
    where ${condition} on conflict ("nodeId") do update set weight = excluded.weight`;
}

/** Puts a project into another state of its life. It changes a row when it was in the one before. */
export function writeLifecycle(
  { orgId }: TenantScope,
  { nodeId, before, after }: { nodeId: QuotaNodeId; before: LifecycleState; after: LifecycleState },
  condition: SQL,
): SQL {
  return sql`update ${projects} set lifecycle = ${after} where "projectId" = ${nodeId} and lifecycle = ${before}
    and ${eq(projects.orgId, orgId)} and ${condition}`;
}

/** What the org has on the way to servers or going on there. */
export async function listRunsInUse(db: Database, { orgId }: TenantScope): Promise<RunsInUse[]> {
  const { workspaceId, projectId, action, demand } = tasks;
  const isOfOrg = sql`${eq(runs.orgId, orgId)} and ${runs.serverId} in (select ${servers.serverId} from ${servers} where ${isReachedBy(orgId)})`;
  return db
    .select({ orgId: runs.orgId, serverId: runs.serverId, workspaceId, projectId, action, demand, count: count() })
    .from(runs)
    .innerJoin(tasks, and(eq(tasks.orgId, runs.orgId), eq(tasks.taskId, runs.taskId)))
    .where(and(isOfOrg, inArray(runs.state, ["dispatched", "running"])))
    .groupBy(runs.serverId, workspaceId, projectId, action, demand);
}

/** Whether anybody ever set a limit in an org: until then its relay objects need not be told of its nodes. */
export function hasQuotas({ orgId }: { orgId: OrgId }): SQL {
  return sql`exists (select 1 from ${quotaHistory} where ${eq(quotaHistory.orgId, orgId)})`;
}

/**
 * A node's limit of a resource as it holds in the state of its project: what `effectiveLimits` of core says, inside of the write
 * that tells a relay object.
 */
function effectiveLimit(name: QuotaResource, factors: LifecycleFactors): SQL {
  const own = sql.raw(`quota_nodes.limit_${name}`);
  const states = lifecycleStates.map((state) => {
    const { runningPercent, storagePercent } = factors[state];
    const percent = name === "disk" ? storagePercent : runningPercent;
    if (percent === 100) return sql`when ${state} then ${own}`;
    if (percent === 0) return sql`when ${state} then 0`;
    const limit = sql.raw(`coalesce(quota_nodes.limit_${name}, (select min(above.limit_${name}) from quota_paths as way
      join quota_nodes as above on above.id = way.ancestor_id where way.node_id = quota_nodes.id))`);
    return sql`when ${state} then max(${limit} * ${sql.raw(String(percent))} / 100, min(${limit}, 1))`;
  });
  // An org that is going to be deleted starts nothing: what waits stays where it is.
  const orgs = name === "runs" ? sql`case when ${isClosing(sql.raw("quota_nodes.id"))} then 0 else ${own} end` : own;
  const state = sql`(select ${projects.lifecycle} from ${projects} where ${projects.projectId} = quota_nodes.id)`;
  return sql`case ${state} ${sql.join(states, sql` `)} else ${orgs} end`;
}

/** A relay runs nothing, so how fast a disk is read is nothing to it, and an older one would not know the name (PROTOCOL 8.5). */
const toldNames = quotaResourceNames.filter((name) => name !== "io");

/** The slice that the org of a node has of a server which is another org's; nothing for the server's own. */
const sliceHere = (column: SQL) => sql`(select ${column} from ${shares}
  where ${shares.guestOrgId} = quota_nodes.id and ${shares.serverId} = ${servers.serverId}
  and ${inArray(shares.state, [...knownStates])} order by ${shares.state} limit 1)`;

/** A guest's org has no more on a server than its slice. */
function limitHere(name: QuotaResource, factors: LifecycleFactors): SQL {
  const own = effectiveLimit(name, factors);
  if (!(sliceResources as readonly string[]).includes(name)) return own;
  const slice = sliceHere(sql`json_extract(${shares.limits}, ${sql.raw(`'$.${name}'`)})`);
  const org = sql.raw(`quota_nodes.limit_${name}`);
  return sql`case when quota_nodes.parent_id is null then min(coalesce(${org}, ${slice}), coalesce(${slice}, ${org})) else ${own} end`;
}

function limitsAsJson(factors: LifecycleFactors): SQL {
  const pairs = toldNames.map((name) => sql`${sql.raw(`'${name}'`)}, ${limitHere(name, factors)}`);
  return sql.join(pairs, sql`, `);
}

/**
 * The outbox entry `limits` of a server: its org and those that have a slice of it, their workspaces there and the projects of
 * those, as they are in this write.
 */
const limitsEntry = (factors: LifecycleFactors) => sql`json_object('kind', 'limits', 'nodes', (
  select json_group_array(json(node)) from (
    select json_object('id', quota_nodes.id, 'parentId', quota_nodes.parent_id, 'weight', coalesce(${sliceHere(sql`${shares.weight}`)}, ${nodeWeight}),
      'limits', json_object(${limitsAsJson(factors)})) as node
    from quota_paths join quota_nodes on quota_nodes.id = quota_paths.node_id
    where (quota_paths.ancestor_id = ${servers.orgId} or quota_paths.ancestor_id in (select ${shares.guestOrgId} from ${shares}
      where ${shares.serverId} = ${servers.serverId} and ${inArray(shares.state, [...knownStates])}))
      and (quota_paths.distance = 0
      or quota_nodes.id in (select ${workspaces.workspaceId} from ${workspaces} where ${workspaces.serverId} = ${servers.serverId})
      or quota_nodes.parent_id in (select ${workspaces.workspaceId} from ${workspaces} where ${workspaces.serverId} = ${servers.serverId}))
    order by quota_paths.distance, quota_nodes.id
  )))`;

/**
 * The two statements that tell the relay objects of servers what limits their nodes have (PROTOCOL 8.1). Both change a row
 * exactly when `condition` holds for the first and there is such a server.
 *
 * @param which of the servers that the org has or has a slice of
 * @param factors what each state of a project leaves it
 */
export function enqueueLimits(
  { orgId }: TenantScope,
  { which, nowMs, factors }: { which: SQL; nowMs: number; factors: LifecycleFactors },
  condition: SQL,
): Statement[] {
  const head = sql.identifier(servers.outboxHead.name);
  const chosen = sql`${isReachedBy(orgId)} and ${servers.revokedAtMs} is null and ${which}`;
  return [
    sql`update ${servers} set ${head} = ${head} + 1 where ${chosen} and ${condition}`,
    sql`insert into ${outbox} select ${servers.serverId}, ${servers.outboxHead}, ${limitsEntry(factors)}, ${nowMs}
      from ${servers} where ${chosen} and changes() > 0`,
  ];
}

/** The servers that a node concerns: all that the org has or has a slice of, or the home of a workspace or project. */
export function serversOf(nodeId: QuotaNodeId): SQL {
  return sql`(${isReachedBy(nodeId as OrgId)} or ${servers.serverId} in (
    select ${workspaces.serverId} from ${workspaces} left join ${projects} on ${projects.workspaceId} = ${workspaces.workspaceId}
    where ${workspaces.workspaceId} = ${nodeId} or ${projects.projectId} = ${nodeId}))`;
}
