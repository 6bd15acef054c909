import type { OrgId, ServerId } from "@quarterdeck/core/ids";
import type { EvidenceReport, LimitEvidence } from "@quarterdeck/core/protocol/limit-evidence";
import type { LimitedResource } from "@quarterdeck/core/quota/kernel-limits";
import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { servers } from "./servers.ts";

/** What a server's bridge said last of its limits, and up to which finding somebody has seen what is wrong. */
export const limitReports = sqliteTable("limit_reports", {
  serverId: text()
    .$type<ServerId>()
    .primaryKey()
    .references(() => servers.serverId),
  orgId: text().$type<OrgId>().notNull(),
  /** By the bridge's clock: what was not said later than this counts for nothing. */
  saidAtMs: integer().notNull(),
  atMs: integer().notNull(),
  /** Of the write that recorded it. */
  mark: text().notNull(),
  driver: text().$type<EvidenceReport["driver"]>().notNull(),
  limited: text({ mode: "json" }).$type<LimitedResource[]>().notNull(),
  seenMismatchAtMs: integer().notNull().default(0),
});

const evidenceColumns = {
  serverId: text()
    .$type<ServerId>()
    .notNull()
    .references(() => servers.serverId),
  orgId: text().$type<OrgId>().notNull(),
  /** A workspace, project or run. */
  nodeId: text().$type<LimitEvidence["node"]>().notNull(),
  resource: text().$type<LimitedResource>().notNull(),
  wanted: integer(),
  actual: integer(),
  state: text().$type<LimitEvidence["state"]>().notNull(),
  source: text().notNull(),
  /** When it was read, by the server's clock. */
  atMs: integer().notNull(),
};

/** What the kernel of a server says of each limit, as it was read last. */
export const limitEvidence = sqliteTable(
  "limit_evidence",
  {
    ...evidenceColumns,
    /** When the platform heard first that it is so. */
    sinceMs: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.serverId, table.nodeId, table.resource] }),
    index("limit_evidence_by_node").on(table.orgId, table.nodeId), // what is shown of a node
    index("limit_mismatches").on(table.serverId, table.sinceMs).where(sql`"state" = 'mismatch'`), // what is wrong on a server
  ],
);

/** Each change of that: a limit became another, or is held otherwise than before. */
export const limitEvidenceHistory = sqliteTable(
  "limit_evidence_history",
  {
    historyId: integer().primaryKey({ autoIncrement: true }),
    ...evidenceColumns,
    /** When the platform heard of it. */
    heardAtMs: integer().notNull(),
  },
  (table) => [
    index("limit_evidence_history_by_node").on(table.orgId, table.nodeId, table.historyId), // a node's history
    index("limit_evidence_history_by_server").on(table.serverId, table.historyId), // keeping it within bounds
    index("limit_evidence_history_by_time").on(table.heardAtMs), // deleting what is old
  ],
);
