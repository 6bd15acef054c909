import { sql } from "drizzle-orm";
import type { OrgId } from "@quarterdeck/core/ids";
import { projects } from "../db/schema.ts";
import type { Runtime } from "../runtime.ts";
import { enqueueLimits } from "./repo.ts";

/**
 * Tells the servers of each org that has a project in another state than active what holds: the operator may have changed the
 * factors of the states since they were told. What they know already changes nothing there.
 */
export async function tellLimitsAtStart({ db, writer, clock, env, nudgeOutbox }: Runtime): Promise<void> {
  const orgs = await db.all<{ orgId: OrgId }>(
    sql`select distinct "orgId" from ${projects} where ${projects.lifecycle} <> 'active'`,
  );
  if (orgs.length === 0) return;
  const told = { which: sql`true`, nowMs: clock.nowMs(), factors: env.quotas.lifecycle };
  for (const org of orgs) await writer.commit(enqueueLimits(org, told, sql`true`));
  nudgeOutbox();
}
