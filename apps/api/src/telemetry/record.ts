import type { OrgId, ProjectId, ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { TelemetryAnswer, TelemetryBatch, TelemetryMinute } from "@quarterdeck/core/protocol/telemetry-minutes";
import { projectKey } from "@quarterdeck/core/protocol/workspace-readings";
import { minuteMs } from "@quarterdeck/core/units";
import type { Runtime } from "../runtime.ts";
import { findTelemetryServer, listNodesOnServer, newestMinute, recordMinutes, type NodeMinute } from "./repo.ts";

/** Whose a workspace is, and its projects. */
type NodesOnServer = ReadonlyMap<
  WorkspaceId,
  { readonly orgId: OrgId; readonly projects: ReadonlyMap<string, ProjectId> }
>;

type OrgMinute = NodeMinute & { readonly orgId: OrgId };

/**
 * Records what a relay object tells of its server's minutes (PROTOCOL 11.12). Told again, they change nothing. What is not of
 * the last day, or of a workspace that is not on this server, is left out: a bridge speaks for its own server only.
 *
 * @returns null for a server that does not exist
 */
export async function recordTelemetry(
  runtime: Pick<Runtime, "db" | "writer" | "clock" | "log">,
  { serverId, sinceMs, minutes }: TelemetryBatch,
): Promise<TelemetryAnswer | null> {
  const { db, writer, clock, log } = runtime;
  const server = await findTelemetryServer(db, serverId);
  if (server === null) return null;
  const nowMs = clock.nowMs();
  const oldestMs = nowMs - limits.telemetryHistoryMs;
  const heldMs = Math.max(oldestMs, (await newestMinute(db, server, serverId)) ?? oldestMs);
  if (sinceMs > heldMs + minuteMs) return { isTaken: false, heldMs };
  if (server.revokedAtMs !== null) return { isTaken: true, heldMs };
  const recent = minutes.filter(({ atMs }) => atMs >= oldestMs && atMs <= nowMs + limits.clockSkewMs);
  const nodes = await nodesOnServer(runtime, serverId);
  const told = recent.flatMap((minute) => nodeMinutes({ serverId, orgId: server.orgId }, minute, nodes));
  const strange = recent.flatMap(({ workspaces }) => workspaces).filter(({ workspaceId }) => !nodes.has(workspaceId));
  if (strange.length > 0) log.warn({ serverId, count: strange.length }, "readings of workspaces that are not there");
  const byOrg = Map.groupBy(told, ({ orgId }) => orgId);
  const written = [...byOrg].flatMap(([orgId, minutesOf]) => recordMinutes({ orgId }, minutesOf));
  if (written.length > 0) await writer.commitSoon(written);
  return { isTaken: true, heldMs };
}

async function nodesOnServer({ db }: Pick<Runtime, "db">, serverId: ServerId): Promise<NodesOnServer> {
  const rows = await listNodesOnServer(db, serverId);
  const nodes = new Map<WorkspaceId, { orgId: OrgId; projects: Map<string, ProjectId> }>();
  for (const { orgId, workspaceId, projectId } of rows) {
    const node = nodes.get(workspaceId) ?? { orgId, projects: new Map<string, ProjectId>() };
    nodes.set(workspaceId, node);
    if (projectId !== null) node.projects.set(projectKey(projectId), projectId);
  }
  return nodes;
}

function nodeMinutes(
  host: { readonly serverId: ServerId; readonly orgId: OrgId },
  { atMs, server, workspaces }: TelemetryMinute,
  nodes: NodesOnServer,
): OrgMinute[] {
  const inside = workspaces.flatMap(({ workspaceId, usage, projects }): OrgMinute[] => {
    const node = nodes.get(workspaceId);
    if (node === undefined) return [];
    const { orgId } = node;
    const ofProjects = projects.flatMap(({ project, usage: totals }): OrgMinute[] => {
      const projectId = node.projects.get(project);
      return projectId === undefined ? [] : [{ orgId, nodeId: projectId, atMs, totals }];
    });
    return [{ orgId, nodeId: workspaceId, atMs, totals: usage }, ...ofProjects];
  });
  return [{ orgId: host.orgId, nodeId: host.serverId, atMs, totals: server }, ...inside];
}
