import type { OrgId, ServerId } from "@quarterdeck/core/ids";
import type { Command } from "@quarterdeck/core/protocol/command";
import { smallest } from "@quarterdeck/core/quota/effective-limits";
import type { KernelLimits } from "@quarterdeck/core/quota/kernel-limits";
import { and, eq, sql } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { prepared } from "../db/prepared.ts";
import { shares } from "../db/schema.ts";
import type { SliceLimits } from "./views.ts";

const sliceOf = prepared((db) =>
  db
    .select({ limits: shares.limits })
    .from(shares)
    .where(
      and(
        eq(shares.guestOrgId, sql.placeholder("orgId")),
        eq(shares.serverId, sql.placeholder("serverId")),
        eq(shares.state, "accepted"),
      ),
    )
    .prepare(),
);

/** The limits of a command, each no more than the slice that its org has of the server; an org has all of its own. */
export async function limitToSlice(
  db: Database,
  { orgId, serverId }: { orgId: OrgId; serverId: ServerId },
  quota: Command["quota"],
): Promise<Command["quota"]> {
  if (quota === null) return null;
  const [slice] = await sliceOf(db).all({ orgId, serverId });
  if (slice === undefined) return quota;
  return {
    workspace: within(quota.workspace, slice.limits),
    project: quota.project && within(quota.project, slice.limits),
  };
}

/** A guest's workspaces have no group around them on the server, so each is held to the whole slice. */
function within(limits: KernelLimits, slice: SliceLimits): KernelLimits {
  return {
    ...limits,
    cpu: smallest([limits.cpu, slice.cpu]),
    memory: smallest([limits.memory, slice.memory]),
    disk: smallest([limits.disk, slice.disk]),
    bandwidth: smallest([limits.bandwidth, slice.bandwidth]),
    io: smallest([limits.io, slice.io]),
  };
}
