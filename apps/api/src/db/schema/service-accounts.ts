import type { ApiKeyId, OrgId, ProjectId, UserId, WorkspaceId } from "@quarterdeck/core/ids";
import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { ServicePermission } from "../../auth/permissions.ts";
import { users } from "./accounts.ts";
import { orgs } from "./orgs.ts";

/** What acts for nobody in particular: a user that cannot sign in, with a role at one place of one org. */
export const serviceAccounts = sqliteTable(
  "service_accounts",
  {
    userId: text()
      .$type<UserId>()
      .primaryKey()
      .references(() => users.userId),
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    name: text().notNull(),
    /** Where its role is: the org, a workspace or a project. */
    placeId: text().$type<OrgId | WorkspaceId | ProjectId>().notNull(),
    /** Nothing but these; null: all that its role gives. */
    permissions: text({ mode: "json" }).$type<readonly ServicePermission[]>(),
    createdBy: text()
      .$type<UserId>()
      .notNull()
      .references(() => users.userId),
    createdAtMs: integer().notNull(),
    /** From then on it is only the name of what it did. */
    removedAtMs: integer(),
  },
  (table) => [
    uniqueIndex("service_accounts_by_name").on(table.orgId, table.name).where(sql`"removedAtMs" is null`), // listing
  ],
);

/** What lets service accounts in. The key itself is never stored. */
export const apiKeys = sqliteTable(
  "api_keys",
  {
    keyId: text().$type<ApiKeyId>().primaryKey(),
    orgId: text().$type<OrgId>().notNull(),
    userId: text()
      .$type<UserId>()
      .notNull()
      .references(() => serviceAccounts.userId),
    /** SHA-256. */
    keyHash: text().notNull().unique(),
    /** Its last characters, to tell one from another. */
    hint: text().notNull(),
    createdBy: text()
      .$type<UserId>()
      .notNull()
      .references(() => users.userId),
    createdAtMs: integer().notNull(),
    /** Null: it does not end by itself. */
    endsAtMs: integer(),
    revokedAtMs: integer(),
    /** To within some minutes. */
    lastUsedAtMs: integer(),
    lastUsedAddress: text(),
  },
  (table) => [index("api_keys_by_account").on(table.userId)], // listing, and counting those that live
);
