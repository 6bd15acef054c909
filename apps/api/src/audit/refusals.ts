import { hourMs } from "@quarterdeck/core/units";
import type { ErrorCode } from "@quarterdeck/core/errors/codes";
import { and, eq, gt, sql } from "drizzle-orm";
import type { OrgScope } from "../auth/scope.ts";
import { auditEntries } from "../db/schema.ts";
import type { Runtime } from "../runtime.ts";
import { recordAudit } from "./repo.ts";

/** The refusals that may be an attempt at what is not one's own. */
const recorded: ReadonlySet<ErrorCode> = new Set(["FORBIDDEN", "NOT_FOUND"]);
const aggregatedMs = hourMs;

/** Records that a caller was refused something. The same again within an hour is one entry. */
export async function recordRefusal(
  runtime: Runtime,
  { orgId, userId, address }: OrgScope,
  { path, code }: { path: string; code: ErrorCode },
): Promise<void> {
  if (!recorded.has(code)) return;
  const isSame = and(
    eq(auditEntries.orgId, orgId),
    gt(auditEntries.atMs, runtime.clock.nowMs() - aggregatedMs),
    eq(auditEntries.actor, userId),
    eq(auditEntries.action, path),
    eq(auditEntries.outcome, "refused"),
    eq(auditEntries.detail, code),
  );
  const entry = {
    orgId,
    actor: userId,
    address,
    action: path,
    subject: null,
    outcome: "refused",
    detail: code,
  } as const;
  await runtime.writer.commit([
    recordAudit(runtime, entry, sql`not exists (select 1 from ${auditEntries} where ${isSame})`),
  ]);
}
