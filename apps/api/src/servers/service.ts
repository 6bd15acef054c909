import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { ServerId } from "@quarterdeck/core/ids";
import { dayMs } from "@quarterdeck/core/units";
import { acknowledgeFinding } from "../audit/acknowledge-finding.ts";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope, TenantScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { standingOf } from "../keys/key-change.ts";
import { acknowledgeMismatch } from "../limits/acknowledge-mismatch.ts";
import { listMismatches } from "../limits/evidence-repo.ts";
import type { LimitFinding } from "../limits/views.ts";
import { whyNameTaken } from "../names/taken-names.ts";
import { notFound } from "../not-found.ts";
import { enqueue } from "../outbox/repo.ts";
import { leavePlace, serverPlace } from "../quotas/counted-places.ts";
import type { Runtime } from "../runtime.ts";
import { findReachableServer, type ReachableServer } from "../sharing/reach.ts";
import { admissionOf } from "./admission.ts";
import {
  countWorkspacesOn,
  findServer,
  isRevoked,
  listServerRows,
  namedServer,
  renameServerRow,
  revokeServerRow,
  writeLabels,
  type Server,
} from "./repo.ts";
import type { ConnectionAlert, ServerView } from "./views.ts";

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

/** A server that was removed takes nothing new, whatever its relay object knows of it yet. */
export function checkNotRevoked({ name, revokedAtMs }: Pick<Server, "name" | "revokedAtMs">): void {
  if (revokedAtMs === null) return;
  throw new QuarterdeckError(
    "REVOKED",
    `${name} was removed, so nothing can run there any more. Connect the machine again as a new server.`,
  );
}

/** A server of the org's own that may be given something to do. */
export async function requireOwnServer(
  runtime: Pick<Runtime, "db">,
  scope: TenantScope,
  serverId: ServerId,
): Promise<Server> {
  const server = await requireServer(runtime, scope, serverId);
  checkNotRevoked(server);
  return server;
}

/** The org's own, or one of which it has a slice, or had one. */
export async function requireReachableServer(
  { db }: Pick<Runtime, "db">,
  scope: TenantScope,
  serverId: ServerId,
): Promise<ReachableServer> {
  const server = await findReachableServer(db, scope, serverId);
  if (server === null) throw notFound("server");
  return server;
}

/** A server on which nothing of the org's may be done any more, whatever its relay object knows of it yet. */
export function checkUsable({
  name,
  revokedAtMs,
  share,
}: Pick<ReachableServer, "name" | "revokedAtMs" | "share">): void {
  checkNotRevoked({ name, revokedAtMs });
  if (share?.isWithdrawn !== true) return;
  throw new QuarterdeckError(
    "SHARE_WITHDRAWN",
    `${name} is another organization's server, and it took back the share of yours. What is there can be neither used nor read; ask that organization.`,
  );
}

/** A server that may be given something to do in the org. */
export async function requireUsableServer(
  runtime: Pick<Runtime, "db">,
  scope: TenantScope,
  serverId: ServerId,
): Promise<ReachableServer> {
  const server = await requireReachableServer(runtime, scope, serverId);
  checkUsable(server);
  return server;
}

export async function renameServer(
  runtime: Runtime,
  scope: OrgScope,
  { serverId, name }: { serverId: ServerId; name: string },
): Promise<ServerView> {
  const { orgId, userId, address } = scope;
  const [renamed] = await runtime.writer.commit([
    renameServerRow(scope, { serverId, name }),
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "server.rename", subject: serverId, outcome: "done", detail: name },
      previousChanged,
    ),
    recordChange(scope, { kind: "server", id: serverId, atMs: runtime.clock.nowMs() }, previousChanged),
  ]);
  if (renamed?.rowsChanged !== 1) {
    const taken = await whyNameTaken(runtime.db, namedServer(scope, { serverId, name }), "server");
    if (taken !== null) throw taken;
  }
  return getServer(runtime, scope, serverId);
}

/**
 * Removes a server for good: the relay closes its connection and lets its key in no more, its runs end, and what its bridge
 * signs counts for nothing. Removing it again changes nothing. Where workspaces live on it, its name must be given.
 */
export async function revokeServer(
  runtime: Runtime,
  scope: OrgScope,
  { serverId, confirmName }: { serverId: ServerId; confirmName: string | null },
): Promise<ServerView> {
  const server = await requireServer(runtime, scope, serverId);
  const workspaceCount = server.revokedAtMs === null ? await countWorkspacesOn(runtime.db, serverId) : 0;
  if (workspaceCount > 0 && confirmName?.trim().normalize() !== server.name) {
    const there = workspaceCount === 1 ? "A workspace lives" : `${workspaceCount} workspaces live`;
    throw new QuarterdeckError(
      "CONFIRMATION_NEEDED",
      `${there} on ${server.name} and could not be used any more. Give the name of the server to remove it all the same.`,
    );
  }
  const { orgId, userId, address } = scope;
  const nowMs = runtime.clock.nowMs();
  await runtime.writer.commit([
    revokeServerRow(scope, { serverId, nowMs }),
    ...enqueue({ serverId, entry: { kind: "revoke" }, nowMs }, previousChanged),
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "server.revoke", subject: serverId, outcome: "done", detail: null },
      previousChanged,
    ),
    recordChange(scope, { kind: "server", id: serverId, atMs: nowMs }, previousChanged),
    leavePlace(serverPlace({ orgId, serverId }), isRevoked(scope, serverId)),
  ]);
  runtime.nudgeOutbox();
  return getServer(runtime, scope, serverId);
}

/** Replaces a server's labels. */
export async function setLabels(
  runtime: Runtime,
  scope: OrgScope,
  { serverId, labels }: { serverId: ServerId; labels: readonly string[] },
): Promise<ServerView> {
  await requireServer(runtime, scope, serverId);
  const { orgId, userId, address } = scope;
  const detail = labels.join(", ");
  await runtime.writer.commit([
    writeLabels(scope, { serverId, labels }),
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "server.setLabels", subject: serverId, outcome: "done", detail },
      previousChanged,
    ),
    recordChange(scope, { kind: "server", id: serverId, atMs: runtime.clock.nowMs() }, previousChanged),
  ]);
  return getServer(runtime, scope, serverId);
}

export async function acknowledgeAuditAlert(
  runtime: Runtime,
  scope: OrgScope,
  seen: { serverId: ServerId; seq: number; atMs: number },
): Promise<ServerView> {
  await requireServer(runtime, scope, seen.serverId);
  await acknowledgeFinding(runtime, scope, seen);
  return getServer(runtime, scope, seen.serverId);
}

export async function acknowledgeLimitAlert(
  runtime: Runtime,
  scope: OrgScope,
  seen: { serverId: ServerId; atMs: number },
): Promise<ServerView> {
  await requireServer(runtime, scope, seen.serverId);
  await acknowledgeMismatch(runtime, scope, seen);
  return getServer(runtime, scope, seen.serverId);
}

export async function readLimitFindings(
  runtime: Runtime,
  scope: OrgScope,
  serverId: ServerId,
): Promise<LimitFinding[]> {
  await requireServer(runtime, scope, serverId);
  return listMismatches(runtime.db, scope, serverId);
}

/** These are worth a word for a day; every other alert ends when the bridge is let in. */
const passing: ReadonlySet<ConnectionAlert["code"]> = new Set(["SUPERSEDED", "COMMAND_CONFLICT"]);
const passingAlertMs = dayMs;

function currentAlert({ connectionAlert }: Server, nowMs: number): ConnectionAlert | null {
  if (connectionAlert === null) return null;
  const isOver = passing.has(connectionAlert.code) && connectionAlert.atMs + passingAlertMs <= nowMs;
  return isOver ? null : connectionAlert;
}

function toView({ relay, clock, keys }: Runtime, server: Server): ServerView {
  const { quarantinedUntilMs, keysVersion, auditConflictSeq, auditConflictAtMs, unseenMismatchMs } = server;
  const { set, history } = keys.platform;
  const isQuarantined = quarantinedUntilMs !== null && quarantinedUntilMs > clock.nowMs();
  return {
    serverId: server.serverId,
    name: server.name,
    isThisMachine: server.isThisMachine,
    status: server.status,
    statusSinceMs: server.statusSinceMs,
    quarantinedUntilMs: isQuarantined ? quarantinedUntilMs : null,
    connectionAlert: currentAlert(server, clock.nowMs()),
    auditAlert:
      auditConflictSeq === null || auditConflictAtMs === null
        ? null
        : { seq: auditConflictSeq, atMs: auditConflictAtMs },
    limitAlert: unseenMismatchMs === null ? null : { atMs: unseenMismatchMs },
    limits: server.limits,
    isRevoked: server.revokedAtMs !== null,
    hasLostKeys: standingOf(keysVersion, set, history) === "lost",
    isRelayReachable: relay.isReachable,
    capabilities: server.capabilities,
    keyFingerprint: server.keyFingerprint,
    labels: [...server.labels],
    admission: admissionOf(server),
    openRuns: server.openRuns,
    waitingRuns: server.waitingRuns,
    createdAtMs: server.createdAtMs,
  };
}
