import type { CommandId, OrgId, RolloutId, RunId, ServerId, TaskId, UserId } from "@quarterdeck/core/ids";
import { and, asc, desc, eq, inArray, sql, type SQL } from "drizzle-orm";
import type { Role } from "../auth/permissions.ts";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { insertWhen, previousChanged } from "../db/insert-when.ts";
import { bridgeUpdates, claims, members, rollouts, servers } from "../db/schema.ts";
import type { Claim } from "../outbox/claim.ts";
import { isClosing } from "../orgs/closing.ts";
import type { Statement } from "../writer.ts";
import type { RolloutMember } from "./decide-rollout.ts";
import type { RolloutState, RolloutView, UpdateState, UpdateView } from "./views.ts";

const unfinishedStates = ["waiting", "sent", "settling"] as const satisfies readonly UpdateState[];

const updateColumns = {
  serverId: bridgeUpdates.serverId,
  rolloutId: bridgeUpdates.rolloutId,
  state: bridgeUpdates.state,
  fromVersion: bridgeUpdates.fromVersion,
  version: rollouts.version,
  message: bridgeUpdates.message,
  changedAtMs: bridgeUpdates.changedAtMs,
};

/** The newest update of each server. */
export async function listLatestUpdates(db: Database, scope: TenantScope): Promise<UpdateView[]> {
  // Ids sort by the time they were made.
  const newest = sql`(select max(${sql.identifier("rolloutId")}) from ${bridgeUpdates} as later where later."serverId" = ${bridgeUpdates.serverId})`;
  return db
    .select(updateColumns)
    .from(bridgeUpdates)
    .innerJoin(rollouts, eq(rollouts.rolloutId, bridgeUpdates.rolloutId))
    .where(and(eq(bridgeUpdates.orgId, scope.orgId), eq(bridgeUpdates.rolloutId, newest)));
}

/** The newest rollout to more than one server. */
export async function findLatestRollout(db: Database, scope: TenantScope): Promise<RolloutView | null> {
  const size = sql`(select count(*) from ${bridgeUpdates} where ${eq(bridgeUpdates.rolloutId, rollouts.rolloutId)})`;
  const [rollout] = await db
    .select()
    .from(rollouts)
    .where(and(eq(rollouts.orgId, scope.orgId), sql`${size} > 1`))
    .orderBy(desc(rollouts.rolloutId))
    .limit(1);
  if (!rollout) return null;
  const { rolloutId, version, state, reason, startedAtMs, endedAtMs } = rollout;
  const updates = await db
    .select(updateColumns)
    .from(bridgeUpdates)
    .innerJoin(rollouts, eq(rollouts.rolloutId, bridgeUpdates.rolloutId))
    .where(eq(bridgeUpdates.rolloutId, rolloutId))
    .orderBy(asc(bridgeUpdates.place));
  return { rolloutId, version, state, reason, startedAtMs, endedAtMs, updates };
}

interface NewRollout {
  readonly rolloutId: RolloutId;
  readonly version: string;
  readonly manifestHash: string;
  readonly triesAgain: boolean;
  readonly startedBy: UserId;
  readonly startedAtMs: number;
  readonly servers: readonly { readonly serverId: ServerId; readonly fromVersion: string }[];
}

/** A rollout with the servers in their order; nothing happens when one of them is being updated already. */
export function insertRollout(scope: TenantScope, { servers: wanted, ...rollout }: NewRollout): Statement[] {
  const isBusy = and(
    inArray(
      bridgeUpdates.serverId,
      wanted.map(({ serverId }) => serverId),
    ),
    inArray(bridgeUpdates.state, unfinishedStates),
  );
  return [
    insertWhen(
      rollouts,
      { ...rollout, orgId: scope.orgId, state: "running" },
      sql`not exists (select 1 from ${bridgeUpdates} where ${isBusy})`,
    ),
    ...wanted.map(({ serverId, fromVersion }, place) =>
      insertWhen(
        bridgeUpdates,
        {
          rolloutId: rollout.rolloutId,
          serverId,
          orgId: scope.orgId,
          place,
          state: "waiting",
          fromVersion,
          changedAtMs: rollout.startedAtMs,
        },
        previousChanged,
      ),
    ),
  ];
}

export interface Rollout {
  readonly rolloutId: RolloutId;
  readonly orgId: OrgId;
  readonly version: string;
  readonly manifestHash: string;
  readonly triesAgain: boolean;
  readonly startedBy: UserId;
  /** The role that who started it has now. */
  readonly role: Role | null;
  /** Whether its org is going to be deleted. */
  readonly isOrgClosing: boolean;
}

/** Every rollout that goes on, of all orgs: each acts within its own only. */
export async function listRunningRollouts(db: Database): Promise<Rollout[]> {
  const rows = await db
    .select({
      rolloutId: rollouts.rolloutId,
      orgId: rollouts.orgId,
      version: rollouts.version,
      manifestHash: rollouts.manifestHash,
      triesAgain: rollouts.triesAgain,
      startedBy: rollouts.startedBy,
      role: members.role,
      isOrgClosing: isClosing(rollouts.orgId),
    })
    .from(rollouts)
    .leftJoin(members, and(eq(members.orgId, rollouts.orgId), eq(members.userId, rollouts.startedBy)))
    .where(eq(rollouts.state, "running"));
  return rows.map((row) => ({ ...row, isOrgClosing: row.isOrgClosing === 1 }));
}

export interface StoredMember extends RolloutMember {
  readonly keyFingerprint: string;
  readonly sealingKey: string;
}

export async function listMembers(db: Database, rolloutId: RolloutId): Promise<StoredMember[]> {
  const rows = await db
    .select({
      serverId: bridgeUpdates.serverId,
      name: servers.name,
      state: bridgeUpdates.state,
      sentAtMs: bridgeUpdates.sentAtMs,
      reportedAtMs: bridgeUpdates.reportedAtMs,
      message: bridgeUpdates.message,
      status: servers.status,
      revokedAtMs: servers.revokedAtMs,
      capabilities: servers.capabilities,
      keyFingerprint: servers.keyFingerprint,
      sealingKey: servers.sealingKey,
    })
    .from(bridgeUpdates)
    .innerJoin(servers, and(eq(servers.serverId, bridgeUpdates.serverId), eq(servers.orgId, bridgeUpdates.orgId)))
    .where(eq(bridgeUpdates.rolloutId, rolloutId))
    .orderBy(asc(bridgeUpdates.place));
  return rows.map(({ capabilities, revokedAtMs, ...row }) => ({
    ...row,
    isRevoked: revokedAtMs !== null,
    runningVersion: capabilities?.bridgeVersion ?? null,
  }));
}

/** True while the process that took this claim still has it. */
export function holdsClaim(claim: Claim): SQL {
  return sql`exists (select 1 from ${claims} where ${eq(claims.name, claim.name)} and ${eq(claims.fence, claim.fence)})`;
}

type OneUpdate = Pick<Rollout, "rolloutId"> & { readonly serverId: ServerId };

export function markSent(
  { rolloutId, serverId }: OneUpdate,
  sent: { runId: RunId; commandId: CommandId; taskId: TaskId; nowMs: number },
  guard: SQL,
): SQL {
  return sql`update ${bridgeUpdates} set state = 'sent', "runId" = ${sent.runId}, "commandId" = ${sent.commandId},
    "taskId" = ${sent.taskId}, "sentAtMs" = ${sent.nowMs}, "changedAtMs" = ${sent.nowMs}
    where ${and(eq(bridgeUpdates.rolloutId, rolloutId), eq(bridgeUpdates.serverId, serverId), eq(bridgeUpdates.state, "waiting"))} and ${guard}`;
}

/** Moves an update on, from the state that it was seen in. */
export function markUpdate(
  { rolloutId, serverId }: OneUpdate,
  change: { from: UpdateState; state: UpdateState; message: string | null; nowMs: number },
  guard: SQL,
): SQL {
  return sql`update ${bridgeUpdates} set state = ${change.state}, message = ${change.message}, "changedAtMs" = ${change.nowMs}
    where ${and(eq(bridgeUpdates.rolloutId, rolloutId), eq(bridgeUpdates.serverId, serverId), eq(bridgeUpdates.state, change.from))} and ${guard}`;
}

export function endRollout(
  rolloutId: RolloutId,
  end: { state: RolloutState; reason: string | null; nowMs: number },
  guard: SQL,
): SQL {
  return sql`update ${rollouts} set state = ${end.state}, reason = ${end.reason}, "endedAtMs" = ${end.nowMs}
    where ${and(eq(rollouts.rolloutId, rolloutId), eq(rollouts.state, "running"))} and ${guard}`;
}

export async function findRollout(
  db: Database,
  scope: TenantScope,
  rolloutId: RolloutId,
): Promise<RolloutState | null> {
  const [row] = await db
    .select({ state: rollouts.state })
    .from(rollouts)
    .where(and(eq(rollouts.orgId, scope.orgId), eq(rollouts.rolloutId, rolloutId)));
  return row?.state ?? null;
}

/** Sends it to no further server. Those that have it on the way go on. */
export function skipWaiting(
  scope: TenantScope,
  { rolloutId, message, nowMs }: { rolloutId: RolloutId; message: string; nowMs: number },
): SQL {
  return sql`update ${bridgeUpdates} set state = 'skipped', message = ${message}, "changedAtMs" = ${nowMs}
    where ${and(eq(bridgeUpdates.orgId, scope.orgId), eq(bridgeUpdates.rolloutId, rolloutId), eq(bridgeUpdates.state, "waiting"))}`;
}

export interface ReportedUpdate {
  readonly rolloutId: RolloutId;
  readonly serverId: ServerId;
  readonly orgId: OrgId;
  readonly runId: RunId | null;
  readonly commandId: CommandId | null;
  readonly taskId: TaskId | null;
}

/** The update that a run on this server is. */
export async function findUpdateByRun(db: Database, serverId: ServerId, runId: RunId): Promise<ReportedUpdate | null> {
  const { rolloutId, orgId, commandId, taskId } = bridgeUpdates;
  const [row] = await db
    .select({ rolloutId, orgId, commandId, taskId, serverId: bridgeUpdates.serverId, runId: bridgeUpdates.runId })
    .from(bridgeUpdates)
    .where(and(eq(bridgeUpdates.serverId, serverId), eq(bridgeUpdates.runId, runId)));
  return row ?? null;
}

/** The server said how its update ended. */
export function recordUpdateEnd(
  update: ReportedUpdate,
  end: { isUpdated: boolean; message: string | null; nowMs: number },
  guard: SQL,
): SQL {
  const isThis = and(
    eq(bridgeUpdates.rolloutId, update.rolloutId),
    eq(bridgeUpdates.serverId, update.serverId),
    eq(bridgeUpdates.state, "sent"),
  );
  return sql`update ${bridgeUpdates} set state = ${end.isUpdated ? "settling" : "failed"}, message = ${end.message},
    "reportedAtMs" = ${end.nowMs}, "changedAtMs" = ${end.nowMs} where ${isThis} and ${guard}`;
}
