import type { OrgId, UserId } from "@quarterdeck/core/ids";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { NodeQuota, QuotaNodeId } from "../../quotas/views.ts";
import { users } from "./accounts.ts";
import { orgs } from "./orgs.ts";

/**
 * Who changed what of a node's quota: of the org, a workspace or a project. The nodes themselves, what they hold and the
 * reservations are in the tables of core's ledger (`quota_nodes` and so on), which are in the migration only.
 */
export const quotaHistory = sqliteTable(
  "quota_history",
  {
    historyId: integer().primaryKey({ autoIncrement: true }),
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    nodeId: text().$type<QuotaNodeId>().notNull(),
    actor: text()
      .$type<UserId>()
      .notNull()
      .references(() => users.userId),
    atMs: integer().notNull(),
    before: text({ mode: "json" }).$type<NodeQuota>().notNull(),
    after: text({ mode: "json" }).$type<NodeQuota>().notNull(),
  },
  (table) => [
    index("quota_history_by_org").on(table.orgId, table.historyId), // whether anything changed since, or ever did
    index("quota_history_by_node").on(table.orgId, table.nodeId, table.historyId), // a node's history
  ],
);

/** Nodes whose children may be given more in all than they have themselves. */
export const quotaOvercommits = sqliteTable("quota_overcommits", {
  nodeId: text().$type<QuotaNodeId>().primaryKey(),
  orgId: text()
    .$type<OrgId>()
    .notNull()
    .references(() => orgs.orgId),
});

/** How much nodes get beside their siblings when all want more than is there. Without one it is 1. */
export const quotaWeights = sqliteTable("quota_weights", {
  nodeId: text().$type<QuotaNodeId>().primaryKey(),
  orgId: text()
    .$type<OrgId>()
    .notNull()
    .references(() => orgs.orgId),
  weight: integer().notNull(),
});
