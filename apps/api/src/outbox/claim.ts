import { and, eq, sql, type SQL } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { prepared } from "../db/prepared.ts";
import { claims } from "../db/schema.ts";
import type { Writer } from "../writer.ts";

export interface Claim {
  readonly name: string;
  readonly fence: number;
}

interface ClaimRequest {
  readonly name: string;
  /** Who asks; unique for each start of a process. */
  readonly holder: string;
  readonly nowMs: number;
  readonly durationMs: number;
  /** Takes it from whoever holds it: for a database file, which has one process only. */
  readonly isForced: boolean;
}

const claimNamed = prepared((db) =>
  db
    .select()
    .from(claims)
    .where(eq(claims.name, sql.placeholder("name")))
    .prepare(),
);

/**
 * Takes or renews what only one process may do at a time. A new holder gets a higher fence, with which its writes refuse
 * those of the one before.
 */
export async function takeClaim(
  database: { db: Database; writer: Writer },
  request: ClaimRequest,
): Promise<Claim | null> {
  const { name, holder, nowMs, durationMs } = request;
  const isFree: SQL = request.isForced
    ? sql`true`
    : // An end that is too far away was set by a clock that has jumped back since.
      sql`${claims.holder} = ${holder} or ${claims.expiresAtMs} <= ${nowMs} or ${claims.expiresAtMs} > ${nowMs + 2 * durationMs}`;
  await database.writer.commit([
    sql`insert into ${claims} values (${name}, ${holder}, 1, ${nowMs + durationMs}) on conflict (name) do update set
      fence = fence + (${claims.holder} <> ${holder}), holder = ${holder}, "expiresAtMs" = ${nowMs + durationMs} where ${isFree}`,
  ]);
  const [row] = await claimNamed(database.db).all({ name });
  return row?.holder === holder ? { name, fence: row.fence } : null;
}

/** True where the claim still has the fence that it was taken with: a guard for the writes of who took it. */
export function holdsClaim(claim: Claim): SQL {
  return sql`exists (select 1 from ${claims} where ${and(eq(claims.name, claim.name), eq(claims.fence, claim.fence))})`;
}
