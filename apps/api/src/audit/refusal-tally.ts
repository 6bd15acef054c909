import type { ChainId } from "@quarterdeck/core/audit/chain";
import { hourMs } from "@quarterdeck/core/units";
import { and, asc, eq, gt, lte, or, sql } from "drizzle-orm";
import { insertWhen, previousChanged } from "../db/insert-when.ts";
import { auditRefusals } from "../db/schema.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement } from "../writer.ts";
import { recordAudit, type AuditEntry, type AuditMaker } from "./repo.ts";

/** A refusal that may come again and again, because others ask for it. */
export interface CountedRefusal extends Omit<AuditEntry, "outcome"> {
  /** Its code. */
  readonly detail: string;
}

const endedAtOnce = 500;

/**
 * Records a refusal: the first is an entry at once, and those that follow within an hour are counted. `endTallies` writes how many
 * they were. What is the same has the same actor, action and detail, and the same `apart`: never what a stranger can choose freely.
 */
export function recordRefused(maker: AuditMaker, refusal: CountedRefusal, apart: string = ""): Statement[] {
  const { orgId, actor, action, detail, address } = refusal;
  const nowMs = maker.clock.nowMs();
  const key = { chainId: orgId ?? ("platform" as const), actor, action, detail, apart };
  return [
    insertWhen(auditRefusals, { ...key, sinceMs: nowMs, lastAtMs: nowMs, count: 0, address }, sql`true`),
    recordAudit(maker, { ...refusal, outcome: "refused" }, previousChanged),
    sql`update ${auditRefusals} set count = count + 1, "lastAtMs" = ${nowMs}, address = ${address} where ${isIt(key)}`,
  ];
}

/** Writes, of each refusal whose hour is over, how often it came after the first time. A crash loses none. */
export async function endTallies(runtime: Pick<Runtime, "db" | "writer" | "clock" | "makeId">): Promise<void> {
  const { db, writer, clock } = runtime;
  for (;;) {
    const nowMs = clock.nowMs();
    // One that began later than now was begun by a clock that ran ahead.
    const isOver = or(lte(auditRefusals.sinceMs, nowMs - hourMs), gt(auditRefusals.sinceMs, nowMs));
    const ended = await db
      .select()
      .from(auditRefusals)
      .where(isOver)
      .orderBy(asc(auditRefusals.sinceMs))
      .limit(endedAtOnce);
    const outcomes = await Promise.all(
      ended.map((tally) =>
        writer.commit([
          sql`delete from ${auditRefusals} where ${isIt(tally)} and ${eq(auditRefusals.count, tally.count)}`,
          ...(tally.count > 1 ? [recordAudit(runtime, entryOf(tally), previousChanged)] : []),
        ]),
      ),
    );
    // Who was counted meanwhile has its turn next time.
    if (ended.length < endedAtOnce || outcomes.every(([deleted]) => deleted?.rowsChanged === 0)) return;
  }
}

type Tally = typeof auditRefusals.$inferSelect;

function entryOf({ chainId, actor, action, detail, apart, count, sinceMs, lastAtMs, address }: Tally): AuditEntry {
  const [since, last] = [sinceMs, lastAtMs].map((ms) => new Date(ms).toISOString());
  const times = count === 2 ? "once more" : `${count - 1} more times`;
  return {
    orgId: chainId === "platform" ? null : chainId,
    actor,
    address,
    action,
    subject: apart === "" ? null : apart,
    outcome: "refused",
    detail: `${detail}, ${times} between ${since} and ${last}`,
  };
}

function isIt({
  chainId,
  actor,
  action,
  detail,
  apart,
}: Pick<Tally, "chainId" | "actor" | "action" | "detail" | "apart"> & { chainId: ChainId }) {
  return and(
    eq(auditRefusals.chainId, chainId),
    eq(auditRefusals.actor, actor),
    eq(auditRefusals.action, action),
    eq(auditRefusals.detail, detail),
    eq(auditRefusals.apart, apart),
  );
}
