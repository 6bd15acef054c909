import { demandOf } from "@quarterdeck/core/actions/task-demand";
import type { ActionName } from "@quarterdeck/core/actions/catalogue";
import type { OrgId, ServerId } from "@quarterdeck/core/ids";
import { and, count, eq, ne } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { runs, tasks } from "../db/schema.ts";
import type { GivenShareView } from "./views.ts";

export type SliceUsage = GivenShareView["usage"];
export const noUsage: SliceUsage = { waitingRuns: 0, runs: 0, cpu: 0, memory: 0 };

/** What each org has waiting and going on at a server: amounts only, whatever they are for. */
export async function readSliceUsage(db: Database, serverId: ServerId): Promise<ReadonlyMap<OrgId, SliceUsage>> {
  const rows = await db
    .select({ orgId: runs.orgId, state: runs.state, action: tasks.action, demand: tasks.demand, count: count() })
    .from(runs)
    .innerJoin(tasks, and(eq(tasks.orgId, runs.orgId), eq(tasks.taskId, runs.taskId)))
    .where(and(eq(runs.serverId, serverId), ne(runs.state, "ended")))
    .groupBy(runs.orgId, runs.state, tasks.action, tasks.demand);
  const byOrg = new Map<OrgId, SliceUsage>();
  for (const { orgId, state, action, demand, count: times } of rows) {
    const sum = byOrg.get(orgId) ?? noUsage;
    const { cpu, memory, runs: places } = demandOf(action as ActionName, demand);
    const added =
      state === "queued"
        ? { ...sum, waitingRuns: sum.waitingRuns + times }
        : {
            ...sum,
            runs: sum.runs + places * times,
            cpu: sum.cpu + cpu * times,
            memory: sum.memory + memory * times,
          };
    byOrg.set(orgId, added);
  }
  return byOrg;
}
