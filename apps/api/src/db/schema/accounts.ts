import type { OrgId, SignInId, UserId } from "@quarterdeck/core/ids";
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Role } from "../../auth/permissions.ts";
import { orgs } from "./orgs.ts";

export const users = sqliteTable("users", {
  userId: text().$type<UserId>().primaryKey(),
  email: text().notNull().unique(),
  /** Null: it is signed in to with a passkey only. */
  passwordHash: text(),
  createdAtMs: integer().notNull(),
  /** Runs the platform: sees how its parts are, sets plans, changes its keys. Gives no way into an org. */
  isOperator: integer({ mode: "boolean" }).notNull().default(false),
});

export const members = sqliteTable(
  "members",
  {
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    userId: text()
      .$type<UserId>()
      .notNull()
      .references(() => users.userId),
    /** On the org; null: only what grants on parts of it give. */
    role: text().$type<Role>(),
    createdAtMs: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.orgId, table.userId] }),
    index("members_by_user").on(table.userId), // reading who a session belongs to
  ],
);

/** Sign-in sessions. The token itself is never stored. */
export const authSessions = sqliteTable(
  "auth_sessions",
  {
    tokenHash: text().primaryKey(),
    userId: text()
      .$type<UserId>()
      .notNull()
      .references(() => users.userId),
    expiresAtMs: integer().notNull(),
    /** When the user signed in; a new token of the same session keeps it. */
    createdAtMs: integer().notNull(),
    address: text().notNull(),
    /** The org that it works in. Null, or one that its user is not in any more: the one that the user joined first. */
    activeOrgId: text().$type<OrgId>(),
    /** What names it in lists: says nothing of the token. */
    signInId: text()
      .$type<SignInId>()
      .notNull()
      .default("" as SignInId),
    userAgent: text().notNull().default(""),
    /** Written now and then only. */
    lastUsedAtMs: integer().notNull().default(0),
    /** When its user last proved who they are. */
    authenticatedAtMs: integer().notNull().default(0),
  },
  (table) => [
    index("auth_sessions_by_user").on(table.userId), // signing a user out everywhere
    index("auth_sessions_by_expiry").on(table.expiresAtMs), // deleting what has expired
  ],
);

/** Attempts of one key (an account from an address, an address) in its current window. */
export const attempts = sqliteTable(
  "attempts",
  { key: text().primaryKey(), count: integer().notNull(), windowEndsAtMs: integer().notNull() },
  (table) => [index("attempts_by_end").on(table.windowEndsAtMs)], // deleting what is over
);

/** The one link that makes the first account; a new one at each start while nobody has used it. */
export const setupTokens = sqliteTable("setup_tokens", {
  tokenHash: text().primaryKey(),
  orgId: text()
    .$type<OrgId>()
    .notNull()
    .references(() => orgs.orgId),
  usedAtMs: integer(),
});
