import type { OrgId, ProjectId, UserId, WorkspaceId } from "@quarterdeck/core/ids";
import { and, asc, eq, isNull, sql, type SQL } from "drizzle-orm";
import type { ServicePermission, ServiceRole } from "../auth/permissions.ts";
import { wholeOrg, type Place } from "../auth/rights.ts";
import type { TenantScope } from "../auth/scope.ts";
import { nameOfUser } from "../auth/service-columns.ts";
import type { Database } from "../db/database.ts";
import { insertWhen, previousChanged } from "../db/insert-when.ts";
import { grants, members, projects, serviceAccounts, users, workspaces } from "../db/schema.ts";
import type { Statement } from "../writer.ts";

export type PlaceId = OrgId | WorkspaceId | ProjectId;

/** As many as an org has. */
const mostAccounts = 100;

export interface ServiceAccount {
  readonly userId: UserId;
  readonly name: string;
  readonly placeId: PlaceId;
  readonly place: Place;
  /** Null on the org. */
  readonly placeName: string | null;
  readonly role: ServiceRole;
  /** Nothing but these; null: all that the role gives. */
  readonly permissions: readonly ServicePermission[] | null;
  readonly createdBy: string;
  readonly createdAtMs: number;
}

/** The service accounts of an org, or the one with an id. */
export async function listAccounts(
  db: Database,
  { orgId }: TenantScope,
  userId: UserId | null = null,
): Promise<ServiceAccount[]> {
  const { name, placeId, permissions, createdAtMs } = serviceAccounts;
  const rows = await db
    .select({
      userId: serviceAccounts.userId,
      name,
      placeId,
      permissions,
      createdAtMs,
      createdBy: nameOfUser(),
      role: sql<ServiceRole>`coalesce(${members.role}, ${grants.role})`,
      workspace: workspaces.workspaceId,
      workspaceName: workspaces.name,
      project: projects.projectId,
      projectName: projects.name,
    })
    .from(serviceAccounts)
    .innerJoin(users, eq(users.userId, serviceAccounts.createdBy))
    .innerJoin(members, and(eq(members.orgId, orgId), eq(members.userId, serviceAccounts.userId)))
    .leftJoin(
      grants,
      and(eq(grants.orgId, orgId), eq(grants.userId, serviceAccounts.userId), eq(grants.placeId, placeId)),
    )
    .leftJoin(projects, and(eq(projects.orgId, orgId), eq(projects.projectId, placeId)))
    .leftJoin(
      workspaces,
      and(eq(workspaces.orgId, orgId), sql`${workspaces.workspaceId} = coalesce(${projects.workspaceId}, ${placeId})`),
    )
    .where(
      and(
        eq(serviceAccounts.orgId, orgId),
        isNull(serviceAccounts.removedAtMs),
        userId === null ? undefined : eq(serviceAccounts.userId, userId),
      ),
    )
    .orderBy(asc(name));
  return rows.map(({ workspace, workspaceName, project, projectName, ...row }) => ({
    ...row,
    place: workspace === null ? wholeOrg : { workspaceId: workspace, projectId: project },
    placeName: projectName === null ? workspaceName : `${workspaceName ?? ""} / ${projectName}`,
  }));
}

export interface NewAccount extends Pick<ServiceAccount, "userId" | "name" | "placeId" | "place" | "role"> {
  readonly permissions: readonly ServicePermission[] | null;
  readonly createdBy: UserId;
  readonly createdAtMs: number;
}

/** Makes an account; nothing happens when there is one of this name, or there are too many. */
export function insertAccount({ orgId }: TenantScope, account: NewAccount): Statement[] {
  const { userId, name, placeId, place, role, permissions, createdBy, createdAtMs } = account;
  const { workspaceId, projectId } = place;
  const ofOrg = and(eq(serviceAccounts.orgId, orgId), isNull(serviceAccounts.removedAtMs));
  const hasRoom = sql`(select count(*) from ${serviceAccounts} where ${ofOrg}) < ${mostAccounts}
    and not exists (select 1 from ${serviceAccounts} where ${and(ofOrg, eq(serviceAccounts.name, name))})`;
  return [
    // No address and no hash, so that there is nothing to sign in with.
    insertWhen(users, { userId, email: userId, passwordHash: "none", createdAtMs }, hasRoom),
    insertWhen(members, { orgId, userId, role: workspaceId === null ? role : null, createdAtMs }, previousChanged),
    ...(workspaceId === null
      ? []
      : [
          insertWhen(
            grants,
            { orgId, userId, placeId: projectId ?? workspaceId, workspaceId, projectId, role, createdAtMs },
            previousChanged,
          ),
        ]),
    insertWhen(serviceAccounts, { userId, orgId, name, placeId, permissions, createdBy, createdAtMs }, previousChanged),
  ];
}

/** Gives an account other rights than were read. */
export function changeAccount(
  scope: TenantScope,
  { userId, place, role: from, permissions: before }: ServiceAccount,
  { role, permissions }: Pick<ServiceAccount, "role" | "permissions">,
): Statement[] {
  const json = (list: readonly ServicePermission[] | null) => (list === null ? null : JSON.stringify(list));
  const table = place.workspaceId === null ? members : grants;
  const hasRole = sql`"orgId" = ${scope.orgId} and "userId" = ${userId} and role = ${from}`;
  return [
    sql`update ${serviceAccounts} set permissions = ${json(permissions)} where ${isIt(scope, userId)}
      and ${serviceAccounts.permissions} is ${json(before)} and exists (select 1 from ${table} where ${hasRole})`,
    sql`update ${table} set role = ${role} where ${hasRole} and ${previousChanged}`,
  ];
}

/** Takes an account's rights away for good. What it did keeps its name. */
export function removeAccount(scope: TenantScope, userId: UserId, nowMs: number): Statement[] {
  return [
    sql`update ${serviceAccounts} set "removedAtMs" = ${nowMs} where ${isIt(scope, userId)}`,
    sql`delete from ${members} where ${and(eq(members.orgId, scope.orgId), eq(members.userId, userId))} and ${previousChanged}`,
  ];
}

function isIt({ orgId }: TenantScope, userId: UserId): SQL | undefined {
  return and(eq(serviceAccounts.orgId, orgId), eq(serviceAccounts.userId, userId), isNull(serviceAccounts.removedAtMs));
}
