import type { SQLWrapper } from "drizzle-orm";
import { sql, type SQL } from "drizzle-orm";
import { grants } from "../db/schema.ts";
import type { Grant } from "./rights.ts";

/** All grants of a member, as one column of the query that reads the member. */
export function grantsOf(orgId: SQLWrapper, userId: SQLWrapper): SQL<Grant[]> {
  return sql<string>`(select json_group_array(json_object('workspaceId', "workspaceId", 'projectId', "projectId", 'role', "role"))
    from (select * from ${grants} where ${grants.orgId} = ${orgId} and ${grants.userId} = ${userId} order by "placeId"))`.mapWith(
    readGrants,
  ) as SQL<Grant[]>;
}

/** Grants as that column holds them, to compare. */
export function grantsText(grants: readonly Grant[]): string {
  return JSON.stringify(grants.map(({ workspaceId, projectId, role }) => ({ workspaceId, projectId, role })));
}

export function readGrants(json: string): Grant[] {
  return JSON.parse(json) as Grant[]; // Made by the query above.
}
