import type { ProjectId, ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { TelemetryAnswer, TelemetryBatch, TelemetryMinute } from "@quarterdeck/core/protocol/telemetry-minutes";
import { projectKey } from "@quarterdeck/core/protocol/workspace-readings";
import { minuteMs } from "@quarterdeck/core/units";
import type { Runtime } from "../runtime.ts";
import { findTelemetryServer, listNodesOnServer, newestMinute, recordMinutes, type NodeMinute } from "./repo.ts";

type NodesOnServer = ReadonlyMap<WorkspaceId, ReadonlyMap<string, ProjectId>>;

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
  const nodes = await nodesOnServer(runtime, server, serverId);
  const told = recent.flatMap((minute) => nodeMinutes(serverId, minute, nodes));
  const strange = recent.flatMap(({ workspaces }) => workspaces).filter(({ workspaceId }) => !nodes.has(workspaceId));
  if (strange.length > 0) log.warn({ serverId, count: strange.length }, "readings of workspaces that are not there");
  if (told.length > 0) await writer.commitSoon(recordMinutes(server, told));
  return { isTaken: true, heldMs };
}

async function nodesOnServer(
  { db }: Pick<Runtime, "db">,
  scope: Parameters<typeof listNodesOnServer>[1],
  serverId: ServerId,
): Promise<NodesOnServer> {
  const rows = await listNodesOnServer(db, scope, serverId);
  const nodes = new Map<WorkspaceId, Map<string, ProjectId>>();
  for (const { workspaceId, projectId } of rows) {
    const keys = nodes.get(workspaceId) ?? new Map<string, ProjectId>();
    nodes.set(workspaceId, keys);
    if (projectId !== null) keys.set(projectKey(projectId), projectId);
  }
  return nodes;
}

function nodeMinutes(
  serverId: ServerId,
  { atMs, server, workspaces }: TelemetryMinute,
  nodes: NodesOnServer,
): NodeMinute[] {
  const own = workspaces.flatMap(({ workspaceId, usage, projects }): NodeMinute[] => {
    const keys = nodes.get(workspaceId);
    if (keys === undefined) return [];
    const ofProjects = projects.flatMap(({ project, usage: totals }): NodeMinute[] => {
      const projectId = keys.get(project);
      return projectId === undefined ? [] : [{ nodeId: projectId, atMs, totals }];
    });
    return [{ nodeId: workspaceId, atMs, totals: usage }, ...ofProjects];
  });
  return [{ nodeId: serverId, atMs, totals: server }, ...own];
}
