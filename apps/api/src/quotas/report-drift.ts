import { quotaResources } from "@quarterdeck/core/quota/quota-resources";
import { dayMs } from "@quarterdeck/core/units";
import { and, eq, gt, sql } from "drizzle-orm";
import { recordAudit } from "../audit/repo.ts";
import { auditEntries } from "../db/schema.ts";
import type { Runtime } from "../runtime.ts";
import { askPlanLedger, planLedger } from "./plan-ledger.ts";
import { readOrgOf } from "./repo.ts";

const action = "quota.drift";

/**
 * Compares the counters of all quotas with the reservations. A difference is a fault of ours, or of who wrote into the
 * database: it is logged and in the audit, once a day, and repaired by nobody but people.
 */
export async function reportDrift(runtime: Pick<Runtime, "db" | "writer" | "log" | "clock" | "makeId">): Promise<void> {
  const sinceMs = runtime.clock.nowMs() - dayMs;
  for (const { nodeId, counted, reserved } of await askPlanLedger(runtime, planLedger.reconcile())) {
    const drift = { counted: quotaResources.amounts(counted), reserved: quotaResources.amounts(reserved) };
    runtime.log.error({ nodeId, ...drift }, "a quota counts something else than what is reserved");
    const orgId = await readOrgOf(runtime.db, nodeId);
    const entry = { orgId, actor: "platform", address: null, action, subject: nodeId, outcome: "done" } as const;
    const isSaid = and(
      eq(auditEntries.action, action),
      eq(auditEntries.subject, nodeId),
      gt(auditEntries.atMs, sinceMs),
    );
    await runtime.writer.commit([
      recordAudit(
        runtime,
        { ...entry, detail: JSON.stringify(drift) },
        sql`not exists (select 1 from ${auditEntries} where ${isSaid})`,
      ),
    ]);
  }
}
