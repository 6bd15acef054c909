import { eq, sql } from "drizzle-orm";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { orgs } from "../db/schema.ts";
import { recordChange } from "../events/repo.ts";
import type { Runtime } from "../runtime.ts";
import type { OrgView } from "./views.ts";

export async function renameOrg(runtime: Runtime, scope: OrgScope, name: string): Promise<OrgView> {
  const { orgId, userId, address, role } = scope;
  await runtime.writer.commit([
    sql`update ${orgs} set name = ${name} where ${eq(orgs.orgId, orgId)}`,
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "org.rename", subject: orgId, outcome: "done", detail: name },
      previousChanged,
    ),
    recordChange(scope, { kind: "org", id: orgId, atMs: runtime.clock.nowMs() }, previousChanged),
  ]);
  return { orgId, name, role };
}
