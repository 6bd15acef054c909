import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { eq } from "drizzle-orm";
import type { OrgScope } from "../auth/scope.ts";
import { countAttempt } from "../auth/throttle.ts";
import { previousChanged } from "../db/insert-when.ts";
import { servers, shares } from "../db/schema.ts";
import { enqueueLimits } from "../quotas/repo.ts";
import { hashToken } from "../random-token.ts";
import type { Runtime } from "../runtime.ts";
import { endEarlierShares, findOffer, listReceivedShares, writeAcceptance } from "./repo.ts";
import { recorded, toldGuest } from "./service.ts";
import type { ReceivedShareView, ShareOfferView } from "./views.ts";

const codesPerUser = 30;

/** What a code offers, to whoever was given it. */
export async function readOffer(runtime: Runtime, scope: OrgScope, code: string): Promise<ShareOfferView> {
  const offer = await findOffer(runtime.db, hashToken(code), runtime.clock.nowMs());
  if (offer !== null) return offer;
  await countAttempt(runtime, [{ key: `share|${scope.userId}`, most: codesPerUser }]);
  throw unknownCode();
}

/** Takes an offer up: from then on the org may make workspaces in its slice of the server, under the name that it gives it. */
export async function acceptShare(
  runtime: Runtime,
  scope: OrgScope,
  { code, name }: { code: string; name: string },
): Promise<ReceivedShareView> {
  await readOffer(runtime, scope, code);
  const tokenHash = hashToken(code);
  const [share] = await runtime.db.select().from(shares).where(eq(shares.tokenHash, tokenHash));
  if (share === undefined) throw unknownCode();
  const { shareId, serverId, orgId: hostOrgId } = share;
  const { orgName: detail } = scope;
  const nowMs = runtime.clock.nowMs();
  const action = "share.accept";
  const [accepted] = await runtime.writer.commit([
    writeAcceptance(scope, { tokenHash, name, nowMs }),
    ...recorded(runtime, scope, { serverId, shareId, action, detail: name }),
    ...toldGuest(runtime, { guestOrgId: hostOrgId, serverId, shareId, action, detail }),
    ...enqueueLimits(
      { orgId: hostOrgId },
      { which: eq(servers.serverId, serverId), nowMs, factors: runtime.env.quotas.lifecycle },
      previousChanged,
    ),
    endEarlierShares(shareId),
  ]);
  if (accepted?.rowsChanged !== 1) {
    throw new QuarterdeckError(
      "CONFLICT",
      hostOrgId === scope.orgId
        ? "This is your own server. Give the code to another organization."
        : "This offer cannot be taken up any more, or your organization has a share of this server already.",
    );
  }
  runtime.nudgeOutbox();
  const view = (await listReceived(runtime, scope)).find((received) => received.shareId === shareId);
  if (view === undefined) throw unknownCode();
  return view;
}

/** What the org has of others' servers. */
export async function listReceived(runtime: Runtime, scope: OrgScope): Promise<ReceivedShareView[]> {
  const rows = await listReceivedShares(runtime.db, scope);
  return rows.map(({ share, hostOrgName, status, revokedAtMs }) => ({
    shareId: share.shareId,
    serverId: share.serverId,
    hostOrgName,
    name: share.guestName ?? "",
    state: share.state === "accepted" ? "accepted" : "withdrawn",
    // Whether it is online is part of what may be known; the rest of the machine is not.
    status,
    isUsable: share.state === "accepted" && revokedAtMs === null,
    limits: share.limits,
    weight: share.weight,
    acceptedAtMs: share.acceptedAtMs ?? 0,
    withdrawnAtMs: share.withdrawnAtMs,
  }));
}

/** The same for a code that never was, expired or was used: nobody learns which. */
function unknownCode(): QuarterdeckError {
  return new QuarterdeckError(
    "TOKEN_INVALID",
    "This code opens no offer: it is wrong, has expired, or was used. Ask who shares the server for a new one.",
  );
}
