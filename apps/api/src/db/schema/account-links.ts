import type { Id, UserId } from "@quarterdeck/core/ids";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { LinkKind } from "../../auth/links/link-kinds.ts";

/** Links that were sent by mail, or wait for the operator to hand them over. Each works once. */
export const accountLinks = sqliteTable(
  "account_links",
  {
    linkId: text().$type<Id<"link">>().primaryKey(),
    tokenHash: text().notNull().unique(),
    kind: text().$type<LinkKind>().notNull(),
    /** Null for somebody who has no account yet. */
    userId: text().$type<UserId>(),
    /** Where it was sent. */
    email: text().notNull(),
    createdAtMs: integer().notNull(),
    expiresAtMs: integer().notNull(),
    usedAtMs: integer(),
    /** When a mail server took it. */
    sentAtMs: integer(),
    /** The token, sealed with the master key, until it was sent. */
    sealedToken: text(),
  },
  (table) => [
    index("account_links_by_user").on(table.userId), // ending those that an account's change makes void
    index("account_links_by_end").on(table.expiresAtMs), // deleting what is over
  ],
);
