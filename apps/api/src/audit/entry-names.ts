import type { ChainId } from "@quarterdeck/core/audit/chain";
import type { ProjectId, ServerId, UserId, WorkspaceId } from "@quarterdeck/core/ids";
import { and, eq, inArray } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { projects, servers, users, workspaces } from "../db/schema.ts";

/** What the ids in a chain's entries are called now: accounts by their address, what is the org's by its name. */
export async function readEntryNames(
  db: Database,
  chainId: ChainId,
  ids: Iterable<string>,
): Promise<ReadonlyMap<string, string>> {
  const wanted = [...new Set(ids)];
  const of = <T extends string>(prefix: string) => wanted.filter((id) => id.startsWith(prefix)) as T[];
  const [userIds, serverIds] = [of<UserId>("usr_"), of<ServerId>("srv_")];
  const [workspaceIds, projectIds] = [of<WorkspaceId>("ws_"), of<ProjectId>("prj_")];
  const found: { id: string; name: string }[] = [];
  if (userIds.length > 0) {
    const { userId: id, email: name } = users;
    found.push(...(await db.select({ id, name }).from(users).where(inArray(users.userId, userIds))));
  }
  if (chainId !== "platform" && serverIds.length > 0) {
    const { serverId: id, name, orgId } = servers;
    const its = and(eq(orgId, chainId), inArray(id, serverIds));
    found.push(...(await db.select({ id, name }).from(servers).where(its)));
  }
  if (chainId !== "platform" && workspaceIds.length > 0) {
    const { workspaceId: id, name, orgId } = workspaces;
    const its = and(eq(orgId, chainId), inArray(id, workspaceIds));
    found.push(...(await db.select({ id, name }).from(workspaces).where(its)));
  }
  if (chainId !== "platform" && projectIds.length > 0) {
    const { projectId: id, name, orgId } = projects;
    const its = and(eq(orgId, chainId), inArray(id, projectIds));
    found.push(...(await db.select({ id, name }).from(projects).where(its)));
  }
  return new Map(found.map(({ id, name }) => [id, name]));
}
