import type { OrgId } from "@quarterdeck/core/ids";
import type { PlanName } from "@quarterdeck/core/quota/request-tiers";
import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { ContentOwner } from "../../content/stream-key-repo.ts";
import { openAccess, type OrgAccess } from "../../orgs/access.ts";

export const orgs = sqliteTable("orgs", {
  orgId: text().$type<OrgId>().primaryKey(),
  name: text().notNull(),
  createdAtMs: integer().notNull(),
  /** When the first account took it; until then it only holds this machine. */
  claimedAtMs: integer(),
  /** How much it may do: its request tier. */
  plan: text().$type<PlanName>().notNull().default("enterprise"),
  /** Rises when a member is removed: from then on content is sealed with other keys. */
  contentEpoch: integer().notNull().default(1),
  /** Who may come in, besides their role. */
  access: text({ mode: "json" }).$type<OrgAccess>().notNull().default(openAccess),
  /** When it is deleted. Null: nobody asked for that. */
  deleteAtMs: integer(),
});

/** Orgs that are being deleted, or were: what stays of them. */
export const purgedOrgs = sqliteTable("purged_orgs", {
  orgId: text().$type<OrgId>().primaryKey(),
  startedAtMs: integer().notNull(),
  /** Null: something of it is still there. */
  endedAtMs: integer(),
  /** The last of its audit: who has an export can show that it is whole. */
  auditSeq: integer(),
  auditHash: text(),
});

/** What content is sealed with: of a project or of a workspace's own runs, in one epoch. Sealed with the master key. */
export const streamKeys = sqliteTable(
  "stream_keys",
  {
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    ownerId: text().$type<ContentOwner>().notNull(),
    epoch: integer().notNull(),
    sealedKey: text().notNull(),
    createdAtMs: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.orgId, table.ownerId, table.epoch] })],
);
