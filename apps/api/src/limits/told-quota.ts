import type { ServerId } from "@quarterdeck/core/ids";
import type { Command } from "@quarterdeck/core/protocol/command";
import { hasFeature } from "@quarterdeck/core/protocol/features";
import type { KernelLimits } from "@quarterdeck/core/quota/kernel-limits";
import { eq } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { servers } from "../db/schema.ts";

/**
 * The limits of a command as its bridge reads them: one that does not know limits of io would refuse what names them
 * (PROTOCOL 1.4, 16.11). Where there is no such limit none is named, so that nobody has to be asked what the bridge can do.
 */
export async function toldQuota(db: Database, serverId: ServerId, quota: Command["quota"]): Promise<Command["quota"]> {
  if (quota === null) return null;
  const { workspace, project } = quota;
  const hasIo = [workspace, project].some((limits) => (limits?.io ?? null) !== null);
  const isKnown = hasIo && (await knowsIo(db, serverId));
  const tell = ({ io = null, ...limits }: KernelLimits) => (io !== null && isKnown ? { ...limits, io } : limits);
  return { workspace: tell(workspace), project: project && tell(project) };
}

async function knowsIo(db: Database, serverId: ServerId): Promise<boolean> {
  const [row] = await db
    .select({ capabilities: servers.capabilities })
    .from(servers)
    .where(eq(servers.serverId, serverId));
  return hasFeature(row?.capabilities ?? null, "ioLimits");
}
