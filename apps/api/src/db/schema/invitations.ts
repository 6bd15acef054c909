import type { InvitationId, OrgId, UserId } from "@quarterdeck/core/ids";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Role } from "../../auth/permissions.ts";
import { users } from "./accounts.ts";
import { orgs } from "./orgs.ts";

/** Invitations into an org. The token of the link itself is never stored. */
export const invitations = sqliteTable(
  "invitations",
  {
    invitationId: text().$type<InvitationId>().primaryKey(),
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    email: text().notNull(),
    role: text().$type<Role>().notNull(),
    /** Of the newest link: one that was sent before it is worth nothing. */
    tokenHash: text().notNull().unique(),
    invitedBy: text()
      .$type<UserId>()
      .notNull()
      .references(() => users.userId),
    createdAtMs: integer().notNull(),
    expiresAtMs: integer().notNull(),
    revokedAtMs: integer(),
    acceptedAtMs: integer(),
    acceptedBy: text()
      .$type<UserId>()
      .references(() => users.userId),
  },
  (table) => [index("invitations_by_org").on(table.orgId, table.createdAtMs)], // listing
);
