import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { RunId, ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import { encodeTicket, type Ticket, type Topic } from "@quarterdeck/core/protocol/ticket";
import type { OrgScope } from "../auth/scope.ts";
import { forbidden } from "../auth/check-place.ts";
import type { Permission } from "../auth/permissions.ts";
import { mayAt, rolesAt, wholeOrg, type Place } from "../auth/rights.ts";
import { notFound } from "../not-found.ts";
import { checkNotClosing } from "../orgs/closing.ts";
import { hashToken } from "../random-token.ts";
import type { Runtime } from "../runtime.ts";
import { listRunsOnServer } from "../tasks/repo.ts";
import { listWorkspaceIdsOnServer } from "../workspaces/repo.ts";
import { requireSealedInput } from "./require-sealed-input.ts";
import { checkUsable, requireReachableServer } from "./service.ts";
import type { ViewerTicketView } from "./views.ts";

interface TicketRequest {
  readonly serverId: ServerId;
  readonly telemetry: boolean;
  /** Whose readings are watched. */
  readonly workspaceIds: readonly WorkspaceId[];
  readonly runIds: readonly RunId[];
  /** To type into. */
  readonly inputRunIds: readonly RunId[];
  /** Of the session that asks: the connection lives no longer than it. */
  readonly sessionToken: string;
}

/** Signs what lets a browser watch a server at the relay: for a minute, for one use, for these topics only. */
export async function issueViewerTicket(
  runtime: Runtime,
  scope: OrgScope,
  { serverId, telemetry, workspaceIds, runIds, inputRunIds, sessionToken }: TicketRequest,
): Promise<ViewerTicketView> {
  const issuedAtMs = runtime.clock.nowMs();
  const server = await requireReachableServer(runtime, scope, serverId);
  if (server.revokedAtMs !== null)
    throw new QuarterdeckError("REVOKED", `${server.name} was removed, so there is nothing to watch there any more.`);
  checkUsable(server);
  if (telemetry && server.share !== null) {
    throw new QuarterdeckError(
      "FORBIDDEN",
      "The server belongs to another organization, which shares a part of it. Watch your own workspaces there.",
    );
  }
  if (telemetry) requireAt(scope, { permission: "telemetry.read", what: "watching the server as a whole" }, wholeOrg);
  if (inputRunIds.length > 0) checkNotClosing(scope);
  if (inputRunIds.length > 0) requireSealedInput(runtime, server);
  const wanted = [...new Set([...runIds, ...inputRunIds])];
  const readable = await listRunsOnServer(runtime.db, scope, { serverId, runIds: wanted });
  if (readable.length !== wanted.length) throw notFound("run");
  for (const run of readable) {
    const typing = { permission: "tasks.run", what: "typing into a run" } as const;
    if (inputRunIds.includes(run.runId)) requireAt(scope, typing, run);
  }
  const watched = [...new Set(workspaceIds)];
  const here = watched.length === 0 ? new Set() : await listWorkspaceIdsOnServer(runtime.db, scope, serverId);
  if (watched.some((workspaceId) => !here.has(workspaceId))) throw notFound("workspace");
  for (const workspaceId of watched) {
    const watching = { permission: "telemetry.read", what: "watching the workspace as a whole" } as const;
    requireAt(scope, watching, { workspaceId, projectId: null });
  }
  const topics: Topic[] = [
    ...(telemetry ? (["telemetry"] as const) : []),
    ...watched.map((workspaceId): Topic => `telemetry:${workspaceId}`),
    ...[...new Set(runIds)].map((runId): Topic => `output:${runId}`),
    ...[...new Set(inputRunIds)].map((runId): Topic => `input:${runId}`),
  ];
  if (topics.length === 0) {
    throw new QuarterdeckError(
      "BAD_REQUEST",
      "Say what to watch: telemetry, of the server or a workspace, or the output of at least one run.",
    );
  }
  const ticket: Ticket = {
    ticketId: runtime.makeId("viewer"),
    userId: scope.userId,
    orgId: scope.orgId,
    serverId,
    ...(server.share === null ? {} : { isGuest: true as const }),
    topics,
    issuedAtMs,
    expiresAtMs: issuedAtMs + limits.ticketMs,
    connectionExpiresAtMs: issuedAtMs + limits.viewerConnectionMs,
  };
  runtime.rights.ticketGiven({
    tokenHash: hashToken(sessionToken),
    caller: scope,
    untilMs: ticket.connectionExpiresAtMs,
  });
  const typable = readable.filter(({ runId }) => inputRunIds.includes(runId));
  const [keys, inputKeys] = await Promise.all([
    runtime.streamKeys.contentKeys(scope, readable),
    runtime.streamKeys.inputKeys(scope, typable),
  ]);
  const signed = await runtime.keys.platform.sign("ticket", JSON.stringify(ticket));
  return {
    path: `/viewer/${serverId}`,
    ticket: encodeTicket(signed),
    expiresAtMs: ticket.expiresAtMs,
    connectionExpiresAtMs: ticket.connectionExpiresAtMs,
    contentKeys: [...keys].map(([runId, contentKeys]) => ({ runId, keys: contentKeys })),
    inputKeys: [...inputKeys].map(([runId, forInput]) => ({ runId, keys: forInput })),
  };
}

function requireAt(scope: OrgScope, asked: { permission: Permission; what: string }, place: Place): void {
  if (!mayAt(scope, asked.permission, place)) throw forbidden(rolesAt(scope, place), asked.permission, asked.what);
}
