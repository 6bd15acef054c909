import type { OrgId } from "@quarterdeck/core/ids";
import type { PlanName } from "@quarterdeck/core/quota/request-tiers";
import { and, asc, eq, gt, isNull, ne, or, sql, type SQL } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { members, orgs, projects, servers, users, workspaces } from "../db/schema.ts";
import type { AccountSummary, OperatedOrg } from "./views.ts";

// For the operator: these span all orgs, and read nothing of what is in one but how much there is.

/** How many rows of a table are of the org that is listed. */
function countOf(table: typeof members | typeof workspaces | typeof projects, orgId: SQL): SQL<number> {
  return sql<number>`(select count(*) from ${table} where ${table.orgId} = ${orgId})`;
}

export async function listOrgs(
  db: Database,
  { after, limit }: { after: OrgId | null; limit: number },
): Promise<OperatedOrg[]> {
  const orgId = sql`${orgs}."orgId"`;
  const rows = await db
    .select({
      orgId: orgs.orgId,
      name: orgs.name,
      plan: orgs.plan,
      createdAtMs: orgs.createdAtMs,
      claimedAtMs: orgs.claimedAtMs,
      deleteAtMs: orgs.deleteAtMs,
      members: countOf(members, orgId),
      servers: sql<number>`(select count(*) from ${servers} where ${servers.orgId} = ${orgId} and ${isNull(servers.revokedAtMs)})`,
      workspaces: countOf(workspaces, orgId),
      projects: countOf(projects, orgId),
    })
    .from(orgs)
    .where(after === null ? undefined : gt(orgs.orgId, after))
    .orderBy(asc(orgs.orgId))
    .limit(limit);
  return rows.map(({ claimedAtMs, ...row }) => ({ ...row, isClaimed: claimedAtMs !== null }));
}

/** The orgs of this id or exact name: two at most, which tells that a name is not enough. */
export async function findOrgs(db: Database, idOrName: string): Promise<{ orgId: OrgId; name: string }[]> {
  return db
    .select({ orgId: orgs.orgId, name: orgs.name })
    .from(orgs)
    .where(or(sql`${orgs.orgId} = ${idOrName}`, eq(orgs.name, idOrName)))
    .limit(2);
}

/** Puts an org on another plan; changes no row where it is on it, or there is no such org. */
export function changePlan(orgId: OrgId, plan: PlanName): SQL {
  return sql`update ${orgs} set plan = ${plan} where ${and(eq(orgs.orgId, orgId), ne(orgs.plan, plan))}`;
}

export async function listAccounts(db: Database): Promise<AccountSummary[]> {
  return db
    .select({
      userId: users.userId,
      email: users.email,
      createdAtMs: users.createdAtMs,
      isOperator: users.isOperator,
      orgs: sql<number>`(select count(*) from ${members} where ${members.userId} = ${users}."userId")`,
    })
    .from(users)
    .orderBy(asc(users.createdAtMs));
}
