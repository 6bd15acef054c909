import type { OrgId, ServerId, ShareId, UserId } from "@quarterdeck/core/ids";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { ShareState, SliceLimits } from "../../sharing/views.ts";
import { orgs } from "./orgs.ts";
import { servers } from "./servers.ts";

/** Slices of servers that their orgs (hosts) gave to others (guests), or offer. */
export const shares = sqliteTable(
  "shares",
  {
    shareId: text().$type<ShareId>().primaryKey(),
    /** The host. */
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    serverId: text()
      .$type<ServerId>()
      .notNull()
      .references(() => servers.serverId),
    /** What the host calls it to the guest, who learns nothing else of the server. */
    label: text().notNull(),
    state: text().$type<ShareState>().notNull(),
    limits: text({ mode: "json" }).$type<SliceLimits>().notNull(),
    weight: integer().notNull(),
    /** Of the code that accepts it; null since it was. */
    tokenHash: text().unique(),
    createdBy: text().$type<UserId>().notNull(),
    createdAtMs: integer().notNull(),
    expiresAtMs: integer().notNull(),
    guestOrgId: text()
      .$type<OrgId>()
      .references(() => orgs.orgId),
    /** What the guest calls the server. */
    guestName: text(),
    acceptedAtMs: integer(),
    withdrawnAtMs: integer(),
    /** Whether what the guest runs there was to end with it. */
    cancelsRuns: integer({ mode: "boolean" }).notNull().default(false),
  },
  (table) => [
    index("shares_by_server").on(table.serverId, table.createdAtMs), // what a host gave
    index("shares_by_guest").on(table.guestOrgId, table.serverId, table.state), // whether a guest reaches a server
    index("shares_by_state").on(table.state), // what a withdrawal left to be done
  ],
);
