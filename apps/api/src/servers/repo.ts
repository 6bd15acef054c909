import type { EnrolmentId, OrgId, ServerId, UserId } from "@quarterdeck/core/ids";
import type { Capabilities } from "@quarterdeck/core/protocol/capabilities";
import { and, asc, eq, gt, isNull, ne, sql, type SQL } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import { hasWorkspaceOnTheWay } from "../auth/reach.ts";
import type { Reach, TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { insertWhen, previousChanged } from "../db/insert-when.ts";
import { prepared } from "../db/prepared.ts";
import { auditWitnesses, enrolments, runs, servers, workspaces } from "../db/schema.ts";
import { saidLimits, unseenMismatchMs } from "../limits/evidence-repo.ts";
import type { ServerLimitsView } from "../limits/views.ts";
import { nameKeys } from "../names/name-keys.ts";
import { isNameFree } from "../names/taken-names.ts";
import { isClosing } from "../orgs/closing.ts";
import { keepPlace, serverPlace, takePlace } from "../quotas/counted-places.ts";
import type { Statement } from "../writer.ts";
import { openRuns } from "./cordon-repo.ts";
import type { ConnectionAlert, ServerStatus } from "./views.ts";

/** A server as the services know it. */
export interface Server {
  readonly serverId: ServerId;
  readonly orgId: OrgId;
  readonly name: string;
  readonly isThisMachine: boolean;
  readonly publicKey: string;
  readonly keyFingerprint: string;
  readonly sealingKey: string;
  readonly status: ServerStatus;
  readonly statusSinceMs: number;
  readonly quarantinedUntilMs: number | null;
  readonly connectionAlert: ConnectionAlert | null;
  readonly revokedAtMs: number | null;
  readonly keysVersion: number;
  readonly capabilities: Capabilities | null;
  readonly waitingRuns: number;
  /** An entry of the audit that its bridge was told of and that is not there; null when there is none, or somebody saw it. */
  readonly auditConflictSeq: number | null;
  readonly auditConflictAtMs: number | null;
  /** When its newest limit that the kernel does not hold was heard of; null when there is none, or somebody saw it. */
  readonly unseenMismatchMs: number | null;
  readonly limits: ServerLimitsView | null;
  readonly labels: readonly string[];
  readonly cordonedAtMs: number | null;
  readonly drainingSinceMs: number | null;
  readonly cordonTakenAtMs: number | null;
  /** While it is drained: runs that have to end first. */
  readonly openRuns: number;
  readonly createdAtMs: number;
}

// Drizzle leaves out the table of a column that stands in a select of one table by itself, so inner columns stand in `eq`.
const waitingRuns = sql<number>`(select count(*) from ${runs}
  where ${and(eq(runs.serverId, servers.serverId), eq(runs.state, "queued"))})`;

const ofUnseenConflict = (column: SQLiteColumn) =>
  sql<number | null>`(select ${column} from ${auditWitnesses}
    where ${eq(auditWitnesses.serverId, servers.serverId)} and ${isNull(auditWitnesses.conflictSeenAtMs)})`;

const columns = {
  serverId: servers.serverId,
  orgId: servers.orgId,
  name: servers.name,
  isThisMachine: servers.isThisMachine,
  publicKey: servers.publicKey,
  keyFingerprint: servers.keyFingerprint,
  sealingKey: servers.sealingKey,
  status: servers.status,
  statusSinceMs: servers.statusSinceMs,
  quarantinedUntilMs: servers.quarantinedUntilMs,
  connectionAlert: servers.connectionAlert,
  revokedAtMs: servers.revokedAtMs,
  keysVersion: servers.keysVersion,
  capabilities: servers.capabilities,
  waitingRuns,
  auditConflictSeq: ofUnseenConflict(auditWitnesses.conflictSeq),
  auditConflictAtMs: ofUnseenConflict(auditWitnesses.conflictAtMs),
  unseenMismatchMs,
  limits: saidLimits,
  labels: servers.labels,
  cordonedAtMs: servers.cordonedAtMs,
  drainingSinceMs: servers.drainingSinceMs,
  cordonTakenAtMs: servers.cordonTakenAtMs,
  openRuns,
  createdAtMs: servers.createdAtMs,
};

/** Those that the caller may see. */
export async function listServerRows(db: Database, reach: Reach): Promise<Server[]> {
  const isSeen = and(eq(servers.orgId, reach.orgId), hasWorkspaceOnTheWay(reach, servers.serverId));
  return db.select(columns).from(servers).where(isSeen).orderBy(asc(servers.createdAtMs));
}

const oneServer = prepared((db) =>
  db
    .select(columns)
    .from(servers)
    .where(and(eq(servers.orgId, sql.placeholder("orgId")), eq(servers.serverId, sql.placeholder("serverId"))))
    .prepare(),
);

export async function findServer(db: Database, { orgId }: TenantScope, serverId: ServerId): Promise<Server | null> {
  const [row] = await oneServer(db).all({ orgId, serverId });
  return row ?? null;
}

export function renameServerRow(scope: TenantScope, { serverId, name }: { serverId: ServerId; name: string }): SQL {
  const { nameKey, nameLook } = nameKeys(name);
  return sql`update ${servers} set name = ${name}, "nameKey" = ${nameKey}, "nameLook" = ${nameLook}
    where ${and(eq(servers.orgId, scope.orgId), eq(servers.serverId, serverId))} and ${isNameFree(namedServer(scope, { serverId, name }))}`;
}

/** The name among those of the org's other servers. One that was removed keeps its name to itself. */
export function namedServer({ orgId }: TenantScope, { serverId, name }: { serverId: ServerId; name: string }) {
  return {
    table: servers,
    name,
    among: and(eq(servers.orgId, orgId), ne(servers.serverId, serverId), isNull(servers.revokedAtMs)),
  };
}

/** The names of the org's servers that are there. */
export async function listServerNames(db: Database, { orgId }: TenantScope): Promise<string[]> {
  const rows = await db
    .select({ name: servers.name })
    .from(servers)
    .where(and(eq(servers.orgId, orgId), isNull(servers.revokedAtMs)));
  return rows.map(({ name }) => name);
}

export function writeLabels(
  scope: TenantScope,
  { serverId, labels }: { serverId: ServerId; labels: readonly string[] },
): SQL {
  const text = JSON.stringify(labels);
  return sql`update ${servers} set labels = ${text}
    where ${and(eq(servers.orgId, scope.orgId), eq(servers.serverId, serverId))} and labels <> ${text}`;
}

/** How many workspaces live on a server, of whichever org. */
export async function countWorkspacesOn(db: Database, serverId: ServerId): Promise<number> {
  return db.$count(workspaces, eq(workspaces.serverId, serverId));
}

/** Removes a server that was not removed before. */
export function revokeServerRow(scope: TenantScope, { serverId, nowMs }: { serverId: ServerId; nowMs: number }): SQL {
  return sql`update ${servers} set "revokedAtMs" = ${nowMs}
    where ${and(eq(servers.orgId, scope.orgId), eq(servers.serverId, serverId), isNull(servers.revokedAtMs))}`;
}

export function isRevoked(scope: TenantScope, serverId: ServerId): SQL {
  return sql`exists (select 1 from ${servers} where ${and(eq(servers.orgId, scope.orgId), eq(servers.serverId, serverId))}
    and ${servers.revokedAtMs} is not null)`;
}

export interface Enrolment {
  readonly enrolmentId: EnrolmentId;
  readonly orgId: OrgId;
  readonly name: string | null;
  readonly isThisMachine: boolean;
  readonly expiresAtMs: number;
  readonly usedAtMs: number | null;
  readonly revokedAtMs: number | null;
  readonly serverId: ServerId | null;
}

export function insertEnrolment(
  scope: TenantScope,
  enrolment: {
    enrolmentId: EnrolmentId;
    tokenHash: string;
    name: string | null;
    isThisMachine: boolean;
    createdBy: UserId | null;
    createdAtMs: number;
    expiresAtMs: number;
  },
): SQL {
  return insertWhen(enrolments, { ...enrolment, orgId: scope.orgId }, sql`true`);
}

export async function findEnrolment(
  db: Database,
  scope: TenantScope,
  enrolmentId: EnrolmentId,
): Promise<Enrolment | null> {
  const [row] = await db
    .select()
    .from(enrolments)
    .where(and(eq(enrolments.orgId, scope.orgId), eq(enrolments.enrolmentId, enrolmentId)));
  return row ?? null;
}

/** The enrolment that a token is for. The token is what proves the right to it, so there is no scope. */
export async function findEnrolmentByToken(db: Database, tokenHash: string): Promise<Enrolment | null> {
  const [row] = await db.select().from(enrolments).where(eq(enrolments.tokenHash, tokenHash));
  return row ?? null;
}

/**
 * Uses a token up and makes its server; nothing happens when the token is used or expired, the key is known, the name is
 * another server's, or the org has no place for a server. The second statement changes a row when it did.
 */
export function insertEnrolledServer(
  scope: TenantScope,
  server: Pick<Server, "serverId" | "name" | "isThisMachine" | "publicKey" | "keyFingerprint" | "sealingKey"> & {
    readonly keysVersion: number;
    readonly trustMark: string;
  },
  { tokenHash, nowMs }: { tokenHash: string; nowMs: number },
): Statement[] {
  const isUsable = and(
    eq(enrolments.tokenHash, tokenHash),
    eq(enrolments.orgId, scope.orgId),
    isNull(enrolments.usedAtMs),
    isNull(enrolments.revokedAtMs),
    gt(enrolments.expiresAtMs, nowMs),
  );
  const place = serverPlace({ orgId: scope.orgId, serverId: server.serverId });
  const mayEnrol = sql`exists (select 1 from ${enrolments} where ${isUsable})
    and not exists (select 1 from ${servers} where ${eq(servers.publicKey, server.publicKey)})
    and ${isNameFree(namedServer(scope, server))} and not ${isClosing(scope.orgId)}`;
  return [
    takePlace(place, mayEnrol),
    sql`update ${enrolments} set "usedAtMs" = ${nowMs}, "serverId" = ${server.serverId}
      where ${eq(enrolments.tokenHash, tokenHash)} and ${previousChanged}`,
    insertWhen(
      servers,
      {
        ...server,
        ...nameKeys(server.name),
        orgId: scope.orgId,
        status: "new",
        statusSinceMs: nowMs,
        createdAtMs: nowMs,
      },
      previousChanged,
    ),
    keepPlace(place),
  ];
}

export async function findServerByKey(db: Database, scope: TenantScope, publicKey: string): Promise<Server | null> {
  const [row] = await db
    .select(columns)
    .from(servers)
    .where(and(eq(servers.orgId, scope.orgId), eq(servers.publicKey, publicKey)));
  return row ?? null;
}

/** The server that is the platform's own machine, unless it was removed: then it may be connected anew. */
export async function findThisMachine(db: Database, scope: TenantScope): Promise<Server | null> {
  const [row] = await db
    .select(columns)
    .from(servers)
    .where(and(eq(servers.orgId, scope.orgId), eq(servers.isThisMachine, true), isNull(servers.revokedAtMs)))
    .orderBy(asc(servers.createdAtMs))
    .limit(1);
  return row ?? null;
}
