import { randomBytes } from "node:crypto";
import type { UserId } from "@quarterdeck/core/ids";
import { and, eq, isNull, sql, type SQL } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { recoveryCodes } from "../db/schema.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement } from "../writer.ts";

const count = 10;
/** Crockford's base 32: nothing in it is taken for something else. */
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const characters = 16;
const groupLength = 4;

/** Ten codes of 80 bits, to be shown once. */
export function makeRecoveryCodes(): string[] {
  return Array.from({ length: count }, () => {
    const text = [...randomBytes(characters)].map((byte) => alphabet.charAt(byte & 31)).join("");
    return Array.from({ length: characters / groupLength }, (_, group) =>
      text.slice(group * groupLength, (group + 1) * groupLength),
    ).join("-");
  });
}

/** Replaces all codes of a user. */
export function replaceRecoveryCodes(
  runtime: Pick<Runtime, "secrets">,
  { userId, codes }: { userId: UserId; codes: readonly string[] },
  condition: SQL,
): Statement[] {
  const hashes = JSON.stringify(codes.map((code) => hashCode(runtime, userId, code)));
  return [
    sql`delete from ${recoveryCodes} where ${eq(recoveryCodes.userId, userId)} and ${condition}`,
    sql`insert into ${recoveryCodes} ("userId", "codeHash") select ${userId}, value from json_each(${hashes}) where ${condition}`,
  ];
}

/** The statement that takes a code, once. */
export function takeRecoveryCode(runtime: Runtime, { userId, code }: { userId: UserId; code: string }): Statement {
  const codeHash = hashCode(runtime, userId, code);
  const isIt = and(
    eq(recoveryCodes.userId, userId),
    eq(recoveryCodes.codeHash, codeHash),
    isNull(recoveryCodes.usedAtMs),
  );
  return sql`update ${recoveryCodes} set "usedAtMs" = ${runtime.clock.nowMs()} where ${isIt}`;
}

export async function countRecoveryCodes(db: Database, userId: UserId): Promise<number> {
  const rows = await db
    .select({ codeHash: recoveryCodes.codeHash })
    .from(recoveryCodes)
    .where(and(eq(recoveryCodes.userId, userId), isNull(recoveryCodes.usedAtMs)));
  return rows.length;
}

/** As people type it: capitals, with spaces, o for 0, i and l for 1. Keyed, so that the database alone tells nothing. */
function hashCode({ secrets }: Pick<Runtime, "secrets">, userId: UserId, code: string): string {
  const plain = code.toLowerCase().replaceAll(/[\s-]/g, "").replaceAll("o", "0").replaceAll(/[il]/g, "1");
  return secrets.hash(`recovery-code\n${userId}\n${plain}`);
}
