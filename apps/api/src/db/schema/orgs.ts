import type { OrgId } from "@quarterdeck/core/ids";
import type { PlanName } from "@quarterdeck/core/quota/request-tiers";
import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { ContentOwner } from "../../content/stream-key-repo.ts";

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
