import type { PasskeyId, UserId } from "@quarterdeck/core/ids";
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { CeremonyKind } from "../../auth/passkey-challenges.ts";
import { users } from "./accounts.ts";

/** The secret that an authenticator app shares. It counts once a code of it has been given. */
export const totpSecrets = sqliteTable("totp_secrets", {
  userId: text()
    .$type<UserId>()
    .primaryKey()
    .references(() => users.userId),
  /** Sealed with the master key. */
  sealedSecret: text().notNull(),
  createdAtMs: integer().notNull(),
  confirmedAtMs: integer(),
  /** The newest time step of which a code was taken: none of it or before it is taken again. */
  lastStep: integer().notNull().default(0),
});

/** What opens an account whose other second factors are lost, once each. */
export const recoveryCodes = sqliteTable(
  "recovery_codes",
  {
    userId: text()
      .$type<UserId>()
      .notNull()
      .references(() => users.userId),
    codeHash: text().notNull(),
    usedAtMs: integer(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.codeHash] })],
);

export const passkeys = sqliteTable(
  "passkeys",
  {
    passkeyId: text().$type<PasskeyId>().primaryKey(),
    userId: text()
      .$type<UserId>()
      .notNull()
      .references(() => users.userId),
    credentialId: text().notNull().unique(),
    /** COSE, in base64url. */
    publicKey: text().notNull(),
    /** How often the authenticator says it has signed; 0 where it does not count. */
    counter: integer().notNull(),
    transports: text({ mode: "json" }).$type<readonly string[]>().notNull(),
    name: text().notNull(),
    createdAtMs: integer().notNull(),
    lastUsedAtMs: integer(),
  },
  (table) => [index("passkeys_by_user").on(table.userId)], // what somebody may sign in with
);

/** What an authenticator was asked to sign: each is taken once. */
export const passkeyChallenges = sqliteTable(
  "passkey_challenges",
  {
    challengeHash: text().primaryKey(),
    kind: text().$type<CeremonyKind>().notNull(),
    /** Whose it is; null where that is only known afterwards. */
    userId: text().$type<UserId>(),
    expiresAtMs: integer().notNull(),
  },
  (table) => [index("passkey_challenges_by_end").on(table.expiresAtMs)], // deleting what is over
);

/** Who has given the password and still has to give the second factor. It lets nobody in anywhere. */
export const pendingSignIns = sqliteTable(
  "pending_sign_ins",
  {
    tokenHash: text().primaryKey(),
    userId: text()
      .$type<UserId>()
      .notNull()
      .references(() => users.userId),
    expiresAtMs: integer().notNull(),
  },
  (table) => [index("pending_sign_ins_by_end").on(table.expiresAtMs)], // deleting what is over
);
