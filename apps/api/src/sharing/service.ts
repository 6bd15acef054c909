import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { ServerId, ShareId } from "@quarterdeck/core/ids";
import { dayMs } from "@quarterdeck/core/units";
import { eq } from "drizzle-orm";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { insertWhen, previousChanged } from "../db/insert-when.ts";
import { servers, shares } from "../db/schema.ts";
import { recordChange } from "../events/repo.ts";
import { notFound } from "../not-found.ts";
import { enqueueLimits } from "../quotas/repo.ts";
import { hashToken, makeToken } from "../random-token.ts";
import type { Runtime } from "../runtime.ts";
import { checkNotRevoked, requireServer } from "../servers/service.ts";
import type { Statement } from "../writer.ts";
import { findGivenShare, listGivenShares, writeSlice, type ShareRow } from "./repo.ts";
import { mayUse } from "./reach-conditions.ts";
import { noUsage, readSliceUsage, type SliceUsage } from "./usage.ts";
import type { GivenShareView, NewShareView, SliceLimits } from "./views.ts";

const offerMs = 7 * dayMs;

export interface Slice {
  readonly limits: SliceLimits;
  readonly weight: number;
}

/** What an org gave others of one of its servers, and how much of it they use. */
export async function listGiven(runtime: Runtime, scope: OrgScope, serverId: ServerId): Promise<GivenShareView[]> {
  await requireServer(runtime, scope, serverId);
  const rows = await listGivenShares(runtime.db, scope, serverId);
  const usage = await readSliceUsage(runtime.db, serverId);
  return rows.map(({ share, guestOrgName }) =>
    toGivenView(share, { guestOrgName, usage: (share.guestOrgId && usage.get(share.guestOrgId)) ?? noUsage }),
  );
}

/** Offers a slice to whoever is given the code: no list of orgs is shown to anybody. */
export async function offerShare(
  runtime: Runtime,
  scope: OrgScope,
  { serverId, label, limits, weight }: Slice & { serverId: ServerId; label: string },
): Promise<NewShareView> {
  checkNotRevoked(await requireServer(runtime, scope, serverId));
  const { orgId, userId } = scope;
  const nowMs = runtime.clock.nowMs();
  const code = makeToken("qd_share");
  const shareId = runtime.makeId("share");
  const share = {
    shareId,
    orgId,
    serverId,
    label,
    state: "offered",
    limits,
    weight,
    tokenHash: hashToken(code),
    createdBy: userId,
    createdAtMs: nowMs,
    expiresAtMs: nowMs + offerMs,
  } as const;
  await runtime.writer.commit([
    insertWhen(shares, share, mayUse(scope, serverId)),
    ...recorded(runtime, scope, { serverId, action: "share.offer", shareId, detail: describe({ limits, weight }) }),
  ]);
  return { ...toGivenView(await requireGiven(runtime, scope, shareId), { guestOrgName: null, usage: noUsage }), code };
}

/** Gives a slice other limits or another weight: runs are scheduled by them at once, kernels are told with the next command. */
export async function changeShare(
  runtime: Runtime,
  scope: OrgScope,
  { shareId, limits, weight }: Slice & { shareId: ShareId },
): Promise<GivenShareView> {
  const share = await requireGiven(runtime, scope, shareId);
  if (share.state !== "offered" && share.state !== "accepted") throw alreadyWithdrawn();
  const { serverId, guestOrgId } = share;
  const nowMs = runtime.clock.nowMs();
  const detail = describe({ limits, weight });
  await runtime.writer.commit([
    writeSlice(scope, { shareId, limits, weight }),
    ...recorded(runtime, scope, { serverId, action: "share.change", shareId, detail }),
    ...(guestOrgId === null
      ? []
      : toldGuest(runtime, { guestOrgId, serverId, shareId, action: "share.change", detail })),
    ...enqueueLimits(
      scope,
      { which: eq(servers.serverId, serverId), nowMs, factors: runtime.env.quotas.lifecycle },
      previousChanged,
    ),
  ]);
  runtime.nudgeOutbox();
  return viewOf(runtime, scope, { serverId, shareId });
}

export async function requireGiven({ db }: Pick<Runtime, "db">, scope: OrgScope, shareId: ShareId): Promise<ShareRow> {
  const share = await findGivenShare(db, scope, shareId);
  if (share === null) throw notFound("share");
  return share;
}

export async function viewOf(
  runtime: Runtime,
  scope: OrgScope,
  { serverId, shareId }: { serverId: ServerId; shareId: ShareId },
): Promise<GivenShareView> {
  const view = (await listGiven(runtime, scope, serverId)).find((share) => share.shareId === shareId);
  if (view === undefined) throw notFound("share");
  return view;
}

interface ShareDeed {
  readonly serverId: ServerId;
  readonly shareId: ShareId;
  readonly action: "share.offer" | "share.change" | "share.withdraw" | "share.accept";
  readonly detail: string | null;
}

/** The statements that record what the caller's org did, behind the one that does it. */
export function recorded(
  runtime: Runtime,
  scope: OrgScope,
  { serverId, shareId, action, detail }: ShareDeed,
): Statement[] {
  const { orgId, userId, address } = scope;
  const atMs = runtime.clock.nowMs();
  return [
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action, subject: shareId, outcome: "done", detail },
      previousChanged,
    ),
    recordChange(scope, { kind: "server", id: serverId, atMs }, previousChanged),
  ];
}

/** The same for the other org, which is not told who of the first did it. */
export function toldGuest(
  runtime: Runtime,
  { guestOrgId, serverId, shareId, action, detail }: ShareDeed & { guestOrgId: ShareRow["orgId"] },
): Statement[] {
  const atMs = runtime.clock.nowMs();
  const entry = { orgId: guestOrgId, actor: "platform", address: null, outcome: "done", detail } as const;
  return [
    recordAudit(runtime, { ...entry, action, subject: shareId }, previousChanged),
    recordChange({ orgId: guestOrgId }, { kind: "server", id: serverId, atMs }, previousChanged),
  ];
}

export function alreadyWithdrawn(): QuarterdeckError {
  return new QuarterdeckError("CONFLICT", "This share was taken back. Offer another one.");
}

function describe({ limits, weight }: Slice): string {
  return JSON.stringify({ ...limits, weight });
}

function toGivenView(
  share: ShareRow,
  { guestOrgName, usage }: { guestOrgName: string | null; usage: SliceUsage },
): GivenShareView {
  const { shareId, serverId, label, state, limits, weight } = share;
  const { createdAtMs, expiresAtMs, acceptedAtMs, withdrawnAtMs } = share;
  const times = { createdAtMs, expiresAtMs, acceptedAtMs, withdrawnAtMs };
  return { shareId, serverId, label, state, limits, weight, guestOrgName, ...times, usage };
}
