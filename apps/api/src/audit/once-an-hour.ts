import { hourMs } from "@quarterdeck/core/units";
import { and, eq, gt, isNull, sql } from "drizzle-orm";
import { auditEntries } from "../db/schema.ts";
import type { Statement } from "../writer.ts";
import { recordAudit, type AuditEntry, type AuditMaker } from "./repo.ts";

/** Records what may come again and again, and is asked for by others: the same within an hour is one entry. */
export function recordOnceAnHour(maker: AuditMaker, entry: AuditEntry & { readonly detail: string }): Statement {
  const { orgId, actor, action, subject, outcome, detail } = entry;
  const isSame = and(
    orgId === null ? isNull(auditEntries.orgId) : eq(auditEntries.orgId, orgId),
    gt(auditEntries.atMs, maker.clock.nowMs() - hourMs),
    eq(auditEntries.actor, actor),
    eq(auditEntries.action, action),
    subject === null ? isNull(auditEntries.subject) : eq(auditEntries.subject, subject),
    eq(auditEntries.outcome, outcome),
    eq(auditEntries.detail, detail),
  );
  return recordAudit(maker, entry, sql`not exists (select 1 from ${auditEntries} where ${isSame})`);
}
