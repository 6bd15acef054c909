import type { ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import { and, asc, eq, inArray, sql, type SQL } from "drizzle-orm";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { insertWhen } from "../db/insert-when.ts";
import { prepared } from "../db/prepared.ts";
import { orgs, streamKeys } from "../db/schema.ts";

/** Whose content a stream key seals. */
export type ContentOwner = ProjectId | WorkspaceId;

const newestKey = prepared((db) =>
  db
    .select({ epoch: orgs.contentEpoch, sealedKey: streamKeys.sealedKey })
    .from(orgs)
    .leftJoin(
      streamKeys,
      and(
        eq(streamKeys.orgId, orgs.orgId),
        eq(streamKeys.ownerId, sql.placeholder("ownerId")),
        eq(streamKeys.epoch, orgs.contentEpoch),
      ),
    )
    .where(eq(orgs.orgId, sql.placeholder("orgId")))
    .prepare(),
);

/** The epoch of an org, and the key that an owner has in it: null when nobody needed one yet. */
export async function readNewestKey(
  db: Database,
  { orgId }: TenantScope,
  ownerId: ContentOwner,
): Promise<{ epoch: number; sealedKey: string | null }> {
  const [row] = await newestKey(db).all({ orgId, ownerId });
  if (row === undefined) throw new Error(`there is no org ${orgId}`);
  return row;
}

/** Every key that these owners ever had, oldest first. */
export async function listKeys(
  db: Database,
  scope: TenantScope,
  ownerIds: readonly ContentOwner[],
): Promise<{ ownerId: ContentOwner; epoch: number; sealedKey: string }[]> {
  if (ownerIds.length === 0) return [];
  return db
    .select({ ownerId: streamKeys.ownerId, epoch: streamKeys.epoch, sealedKey: streamKeys.sealedKey })
    .from(streamKeys)
    .where(and(eq(streamKeys.orgId, scope.orgId), inArray(streamKeys.ownerId, [...ownerIds])))
    .orderBy(asc(streamKeys.epoch));
}

/** Keeps a key; whoever was first has made it. */
export function insertKey(
  scope: TenantScope,
  key: { ownerId: ContentOwner; epoch: number; sealedKey: string; createdAtMs: number },
): SQL {
  return insertWhen(streamKeys, { ...key, orgId: scope.orgId }, sql`true`);
}

/** From now on everything in the org is sealed with keys that nobody has yet. */
export function advanceEpoch(scope: TenantScope, condition: SQL): SQL {
  const column = sql.identifier(orgs.contentEpoch.name);
  return sql`update ${orgs} set ${column} = ${column} + 1 where ${eq(orgs.orgId, scope.orgId)} and ${condition}`;
}
