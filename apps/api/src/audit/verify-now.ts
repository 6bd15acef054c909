import type { OrgId } from "@quarterdeck/core/ids";
import { eq, sql } from "drizzle-orm";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { auditChains } from "../db/schema.ts";
import type { Runtime } from "../runtime.ts";
import { recordAudit } from "./repo.ts";
import { verifyAudit, type AuditVerdict } from "./verify-audit.ts";

/** Of each database, the verifications that are under way: whoever asks meanwhile gets the same one. */
const underWay = new WeakMap<Runtime["writer"], Map<OrgId, Promise<AuditVerdict>>>();

/** Verifies an org's audit now, and keeps what was found. */
export async function verifyNow(runtime: Runtime, scope: OrgScope): Promise<void> {
  const running = underWay.get(runtime.writer) ?? new Map<OrgId, Promise<AuditVerdict>>();
  underWay.set(runtime.writer, running);
  const { orgId, userId, address } = scope;
  const verdict = running.get(orgId) ?? verifyAudit(runtime.db, orgId).finally(() => running.delete(orgId));
  running.set(orgId, verdict);
  const { head, fault } = await verdict;
  const nowMs = runtime.clock.nowMs();
  const detail = fault === null ? `whole up to ${head.seq}` : `${fault.kind} at ${fault.seq}`;
  await runtime.writer.commit([
    sql`update ${auditChains} set "verifiedSeq" = ${head.seq}, "verifiedAtMs" = ${nowMs},
      "verifiedFault" = ${fault === null ? null : JSON.stringify(fault)} where ${eq(auditChains.chainId, orgId)}`,
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "audit.verify", subject: orgId, outcome: "done", detail },
      previousChanged,
    ),
  ]);
}
