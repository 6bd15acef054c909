import type { UserId } from "@quarterdeck/core/ids";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { secondMs } from "@quarterdeck/core/units";
import { and, eq, isNotNull, isNull, lt, sql } from "drizzle-orm";
import { Secret, TOTP } from "otpauth";
import type { Database } from "../db/database.ts";
import { totpSecrets } from "../db/schema.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement } from "../writer.ts";

const periodSeconds = 30;
/** A code of the step before or after is taken too: clocks differ, and people type slowly. */
const window = 1;
const secretBytes = 20;

function makeTotp(secret: Secret, label: string): TOTP {
  return new TOTP({ issuer: "Quarterdeck", label, secret, digits: 6, period: periodSeconds, algorithm: "SHA1" });
}

export interface TotpEnrolment {
  /** For typing, in base32. */
  readonly secret: string;
  /** For a QR code. */
  readonly uri: string;
}

/** A new secret, which does not count until a code of it was given. It replaces one that never did. */
export async function startTotp(
  runtime: Runtime,
  { userId, email }: { userId: UserId; email: string },
): Promise<TotpEnrolment> {
  const secret = new Secret({ size: secretBytes });
  const sealedSecret = runtime.secrets.seal(secret.base32, placeOf(userId));
  const nowMs = runtime.clock.nowMs();
  const [kept] = await runtime.writer.commit([
    sql`insert into ${totpSecrets} ("userId", "sealedSecret", "createdAtMs") values (${userId}, ${sealedSecret}, ${nowMs})
      on conflict ("userId") do update set "sealedSecret" = excluded."sealedSecret", "createdAtMs" = excluded."createdAtMs",
        "lastStep" = 0 where "confirmedAtMs" is null`,
  ]);
  if (kept?.rowsChanged !== 1)
    throw new QuarterdeckError(
      "CONFLICT",
      "An authenticator app is set up already. Remove it first, then set up another one.",
    );
  return { secret: secret.base32, uri: makeTotp(secret, email).toString() };
}

export async function hasTotp(db: Database, userId: UserId): Promise<boolean> {
  return typeof (await readSecret(db, userId))?.confirmedAtMs === "number";
}

/** The statement that takes a code, once; null where it is no code of this account at this time. */
export async function takeTotpCode(
  { db, secrets, clock }: Runtime,
  { userId, code, isConfirmed }: { userId: UserId; code: string; isConfirmed: boolean },
): Promise<Statement | null> {
  const row = await readSecret(db, userId);
  if (row === null) return null;
  const secret = Secret.fromBase32(secrets.open(row.sealedSecret, placeOf(userId)));
  const nowMs = clock.nowMs();
  const delta = makeTotp(secret, "").validate({ token: code, timestamp: nowMs, window });
  if (delta === null) return null;
  const step = Math.floor(nowMs / (periodSeconds * secondMs)) + delta;
  const { confirmedAtMs, lastStep } = totpSecrets;
  const isIt = and(
    eq(totpSecrets.userId, userId),
    eq(totpSecrets.sealedSecret, row.sealedSecret),
    isConfirmed ? isNotNull(confirmedAtMs) : isNull(confirmedAtMs),
    lt(lastStep, step),
  );
  return sql`update ${totpSecrets} set "lastStep" = ${step}, "confirmedAtMs" = coalesce("confirmedAtMs", ${nowMs}) where ${isIt}`;
}

export function deleteTotp(userId: UserId): Statement {
  return sql`delete from ${totpSecrets} where ${and(eq(totpSecrets.userId, userId), isNotNull(totpSecrets.confirmedAtMs))}`;
}

async function readSecret(db: Database, userId: UserId) {
  const [row] = await db.select().from(totpSecrets).where(eq(totpSecrets.userId, userId));
  return row ?? null;
}

function placeOf(userId: UserId): readonly string[] {
  return ["totp", userId];
}
