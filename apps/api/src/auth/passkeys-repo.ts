import type { PasskeyId, UserId } from "@quarterdeck/core/ids";
import { and, asc, eq, sql, type SQL } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { insertWhen } from "../db/insert-when.ts";
import { passkeys, users } from "../db/schema.ts";
import type { StoredCredential } from "./webauthn.ts";

export type PasskeyRow = typeof passkeys.$inferSelect;

export async function listPasskeys(db: Database, userId: UserId): Promise<PasskeyRow[]> {
  return db.select().from(passkeys).where(eq(passkeys.userId, userId)).orderBy(asc(passkeys.createdAtMs));
}

export async function findPasskey(db: Database, credentialId: string): Promise<PasskeyRow | null> {
  const [row] = await db.select().from(passkeys).where(eq(passkeys.credentialId, credentialId));
  return row ?? null;
}

export interface NewPasskeyRow extends StoredCredential {
  readonly passkeyId: PasskeyId;
  readonly userId: UserId;
  readonly name: string;
  readonly createdAtMs: number;
}

export function insertPasskey(row: NewPasskeyRow, condition: SQL): SQL {
  return insertWhen(passkeys, row, condition);
}

/** Records a use, unless another one was recorded since the counter was read. */
export function countUse({ passkeyId, counter: before }: PasskeyRow, counter: number, nowMs: number): SQL {
  return sql`update ${passkeys} set counter = ${counter}, "lastUsedAtMs" = ${nowMs}
    where ${and(eq(passkeys.passkeyId, passkeyId), eq(passkeys.counter, before))}`;
}

export function renamePasskey(userId: UserId, passkeyId: PasskeyId, name: string): SQL {
  return sql`update ${passkeys} set name = ${name} where ${isOf(userId, passkeyId)}`;
}

/** Removes a passkey, unless nothing else lets its user in. */
export function deletePasskey(userId: UserId, passkeyId: PasskeyId): SQL {
  return sql`delete from ${passkeys} where ${isOf(userId, passkeyId)} and (
    exists (select 1 from ${users} where ${eq(users.userId, userId)} and "passwordHash" is not null)
    or (select count(*) from ${passkeys} as other where other."userId" = ${userId}) > 1)`;
}

/** Takes the password away, unless nothing else lets its user in. */
export function deletePassword(userId: UserId): SQL {
  return sql`update ${users} set "passwordHash" = null where ${eq(users.userId, userId)} and "passwordHash" is not null
    and exists (select 1 from ${passkeys} where ${eq(passkeys.userId, userId)})`;
}

function isOf(userId: UserId, passkeyId: PasskeyId) {
  return and(eq(passkeys.userId, userId), eq(passkeys.passkeyId, passkeyId));
}
