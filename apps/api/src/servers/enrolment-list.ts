import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { EnrolmentId } from "@quarterdeck/core/ids";
import { dayMs } from "@quarterdeck/core/units";
import { and, desc, eq, gt, isNull, lte, sql, type SQL } from "drizzle-orm";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { enrolments, servers, users } from "../db/schema.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { notFound } from "../not-found.ts";
import type { Runtime } from "../runtime.ts";
import { findEnrolment, type Enrolment } from "./repo.ts";
import type { EnrolmentView, ListedEnrolmentView } from "./views.ts";

/** How long it can be seen what became of a token. */
const keptMs = 7 * dayMs;
const mostListed = 200;

export function enrolmentState(
  { usedAtMs, revokedAtMs, expiresAtMs }: Pick<Enrolment, "usedAtMs" | "revokedAtMs" | "expiresAtMs">,
  nowMs: number,
): EnrolmentView["state"] {
  if (usedAtMs !== null) return "used";
  if (revokedAtMs !== null) return "revoked";
  return expiresAtMs <= nowMs ? "expired" : "waiting";
}

/** The tokens of the org, newest first: who made them, and which server used them. Never a token itself. */
export async function listEnrolments(runtime: Runtime, scope: OrgScope): Promise<ListedEnrolmentView[]> {
  const nowMs = runtime.clock.nowMs();
  const rows = await runtime.db
    .select({ enrolment: enrolments, createdBy: users.email, serverName: servers.name })
    .from(enrolments)
    .leftJoin(users, eq(users.userId, enrolments.createdBy))
    .leftJoin(servers, and(eq(servers.serverId, enrolments.serverId), eq(servers.orgId, enrolments.orgId)))
    .where(eq(enrolments.orgId, scope.orgId))
    .orderBy(desc(enrolments.createdAtMs), desc(enrolments.enrolmentId))
    .limit(mostListed);
  return rows.map(({ enrolment, createdBy, serverName }) => ({
    enrolmentId: enrolment.enrolmentId,
    state: enrolmentState(enrolment, nowMs),
    createdBy,
    serverId: enrolment.serverId,
    serverName,
    createdAtMs: enrolment.createdAtMs,
    expiresAtMs: enrolment.expiresAtMs,
  }));
}

/** Makes a token that nobody used yet good for nothing. */
export async function revokeEnrolment(
  runtime: Runtime,
  scope: OrgScope,
  enrolmentId: EnrolmentId,
): Promise<EnrolmentView> {
  const nowMs = runtime.clock.nowMs();
  const { orgId, userId, address } = scope;
  const isOpen = and(
    eq(enrolments.orgId, orgId),
    eq(enrolments.enrolmentId, enrolmentId),
    isNull(enrolments.usedAtMs),
    isNull(enrolments.revokedAtMs),
    gt(enrolments.expiresAtMs, nowMs),
  );
  await runtime.writer.commit([
    sql`update ${enrolments} set "revokedAtMs" = ${nowMs} where ${isOpen}`,
    recordAudit(
      runtime,
      {
        orgId,
        actor: userId,
        address,
        action: "enrolment.revoke",
        subject: enrolmentId,
        outcome: "done",
        detail: null,
      },
      previousChanged,
    ),
    recordChange(scope, { kind: "server", id: enrolmentId, atMs: nowMs }, previousChanged),
  ]);
  const enrolment = await findEnrolment(runtime.db, scope, enrolmentId);
  if (enrolment === null) throw notFound("enrolment");
  if (enrolment.usedAtMs !== null) {
    throw new QuarterdeckError(
      "TOKEN_USED",
      "This token has connected a server already, so taking it back would change nothing. Remove the server instead.",
    );
  }
  return {
    state: enrolmentState(enrolment, nowMs),
    serverId: enrolment.serverId,
    expiresAtMs: enrolment.expiresAtMs,
  };
}

/** Forgets tokens that have been good for nothing for a while; the audit keeps what they were used for. */
export function deleteOldEnrolments(nowMs: number): SQL {
  return sql`delete from ${enrolments} where ${lte(enrolments.expiresAtMs, nowMs - keptMs)}`;
}
