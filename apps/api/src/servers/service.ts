import type { ServerId } from "@quarterdeck/core/ids";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope, TenantScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { notFound } from "../not-found.ts";
import type { Runtime } from "../runtime.ts";
import { findServer, listServerRows, renameServerRow, type Server } from "./repo.ts";
import type { ServerView } from "./views.ts";

export async function listServers(runtime: Runtime, scope: OrgScope): Promise<ServerView[]> {
  return (await listServerRows(runtime.db, scope)).map((server) => toView(runtime, server));
}

export async function getServer(runtime: Runtime, scope: OrgScope, serverId: ServerId): Promise<ServerView> {
  return toView(runtime, await requireServer(runtime, scope, serverId));
}

export async function requireServer(
  { db }: Pick<Runtime, "db">,
  scope: TenantScope,
  serverId: ServerId,
): Promise<Server> {
  const server = await findServer(db, scope, serverId);
  if (server === null) throw notFound("server");
  return server;
}

export async function renameServer(
  runtime: Runtime,
  scope: OrgScope,
  { serverId, name }: { serverId: ServerId; name: string },
): Promise<ServerView> {
  const { orgId, userId, address } = scope;
  await runtime.writer.commit([
    renameServerRow(scope, { serverId, name }),
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "server.rename", subject: serverId, outcome: "done", detail: name },
      previousChanged,
    ),
    recordChange(scope, { kind: "server", id: serverId, atMs: runtime.clock.nowMs() }, previousChanged),
  ]);
  return getServer(runtime, scope, serverId);
}

function toView({ relay, clock }: Runtime, server: Server): ServerView {
  const { quarantinedUntilMs } = server;
  const isQuarantined = quarantinedUntilMs !== null && quarantinedUntilMs > clock.nowMs();
  return {
    serverId: server.serverId,
    name: server.name,
    isThisMachine: server.isThisMachine,
    status: server.status,
    statusSinceMs: server.statusSinceMs,
    quarantinedUntilMs: isQuarantined ? quarantinedUntilMs : null,
    isRelayReachable: relay.isReachable,
    capabilities: server.capabilities,
    keyFingerprint: server.keyFingerprint,
    waitingRuns: server.waitingRuns,
    createdAtMs: server.createdAtMs,
  };
}
