import type { OrgId } from "@quarterdeck/core/ids";
import { sql, type SQL } from "drizzle-orm";

/** A table that holds rows of orgs. */
export interface OrgTable {
  readonly table: string;
  /** Which of its rows are an org's. */
  readonly isOf: (orgId: OrgId) => SQL;
  /** Columns that no export has: secrets, keys, hashes of tokens, and what is signed for servers only. */
  readonly omits: readonly string[];
  /** What an export says besides. */
  readonly adds: Readonly<Record<string, SQL>>;
  /** The columns that tell its rows apart and order them, behind those of an index that finds an org's. */
  readonly key: readonly string[];
}

type Described = Partial<Omit<OrgTable, "table">>;

const byOrg = (orgId: OrgId) => sql`"orgId" = ${orgId}`;
const nodesOf = (orgId: OrgId) => sql`(select node_id from quota_paths where ancestor_id = ${orgId})`;
const serversOf = (orgId: OrgId) => sql`(select "serverId" from servers where "orgId" = ${orgId})`;

function table(name: string, { isOf = byOrg, omits = [], adds = {}, key = ["rowid"] }: Described = {}): OrgTable {
  return { table: name, isOf, omits, adds, key };
}

/**
 * Every table with rows of orgs, each before those that its rows need. An org is exported from these and deleted from these;
 * a table that is in neither list fails a test.
 */
export const orgTables: readonly OrgTable[] = [
  table("events"),
  table("invitations", { omits: ["tokenHash"] }),
  table("setup_tokens", { omits: ["tokenHash"] }),
  table("enrolments", { omits: ["tokenHash"] }),
  table("limit_evidence_history", { key: ["nodeId", "historyId"] }),
  table("limit_evidence"),
  table("limit_reports"),
  table("telemetry_points", {
    isOf: (orgId) => sql`"nodeKey" in (select "nodeKey" from telemetry_nodes where "orgId" = ${orgId})`,
    key: ["nodeKey", "stepMs", "atMs"],
  }),
  table("telemetry_nodes"),
  table("bridge_updates"),
  table("rollouts"),
  table("renewals", { isOf: (orgId) => sql`"runId" in (select "runId" from runs where "orgId" = ${orgId})` }),
  table("archives"),
  table("runs", { key: ["taskId", "attempt"] }),
  table("tasks", { omits: ["secretInput"], key: ["taskId"] }),
  table("stream_keys", { omits: ["sealedKey"] }),
  table("quota_reservations", { isOf: (orgId) => sql`node_id in ${nodesOf(orgId)}`, key: ["id"] }),
  table("quota_changes", { isOf: (orgId) => sql`node_id in ${nodesOf(orgId)}` }),
  table("quota_nodes", { isOf: (orgId) => sql`id in ${nodesOf(orgId)}`, key: ["id"] }),
  table("quota_paths", {
    isOf: (orgId) => sql`node_id in ${nodesOf(orgId)}`,
    key: ["node_id", "ancestor_id"],
  }),
  table("quota_history"),
  table("quota_overcommits"),
  table("quota_weights"),
  table("projects"),
  table("workspaces"),
  table("outbox", {
    isOf: (orgId) => sql`"serverId" in ${serversOf(orgId)}`,
    omits: ["entry"],
    key: ["serverId", "position"],
  }),
  table("ended_report_streams", { isOf: (orgId) => sql`"serverId" in ${serversOf(orgId)}` }),
  table("audit_witnesses"),
  table("servers"),
  table("members", { adds: { email: sql`(select email from users where users."userId" = members."userId")` } }),
  table("audit_entries", { key: ["atMs", "rowid"] }),
  table("audit_chains", { isOf: (orgId) => sql`"chainId" = ${orgId}` }),
  table("orgs"),
];

/** Tables whose rows are of accounts, or of the platform. */
export const platformTables: readonly string[] = [
  "users",
  "auth_sessions",
  "attempts",
  "claims",
  "purged_orgs",
  "__drizzle_migrations",
];

/** The columns of a table's key, as SQL. */
export function keyOf({ key }: Pick<OrgTable, "key">): SQL {
  return sql.join(
    key.map((column) => (column === "rowid" ? sql`rowid` : sql.identifier(column))),
    sql`, `,
  );
}
