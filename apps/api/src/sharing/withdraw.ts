import type { ShareId } from "@quarterdeck/core/ids";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { enqueue } from "../outbox/repo.ts";
import type { Runtime } from "../runtime.ts";
import { cancelRuns } from "../servers/cancel-runs.ts";
import { listOpenRuns } from "../servers/cordon-repo.ts";
import { findServer } from "../servers/repo.ts";
import { listMemberIds, listWithdrawnShares, writeWithdrawal, type ShareRow } from "./repo.ts";
import { alreadyWithdrawn, recorded, requireGiven, toldGuest, viewOf } from "./service.ts";
import type { GivenShareView } from "./views.ts";

/**
 * Takes a slice back. From then on nothing of the guest's is submitted or signed for the server, what waits ends, and nobody of
 * the guest watches it; what runs ends by itself, or is cancelled.
 */
export async function withdrawShare(
  runtime: Runtime,
  scope: OrgScope,
  { shareId, cancelsRuns }: { shareId: ShareId; cancelsRuns: boolean },
): Promise<GivenShareView> {
  const share = await requireGiven(runtime, scope, shareId);
  if (share.state === "withdrawn" || share.state === "ended") throw alreadyWithdrawn();
  const { serverId, guestOrgId } = share;
  const nowMs = runtime.clock.nowMs();
  const action = "share.withdraw";
  const detail = cancelsRuns ? "what runs is cancelled" : "what runs may end";
  const watching = guestOrgId === null ? [] : await listMemberIds(runtime.db, guestOrgId);
  const [written] = await runtime.writer.commit([
    writeWithdrawal(scope, { shareId, cancelsRuns, nowMs }),
    ...recorded(runtime, scope, { serverId, shareId, action, detail }),
    ...(guestOrgId === null ? [] : toldGuest(runtime, { guestOrgId, serverId, shareId, action, detail })),
    ...watching.flatMap(({ userId }) =>
      enqueue({ serverId, entry: { kind: "revokeViewers", userId, atMs: nowMs }, nowMs }, previousChanged),
    ),
  ]);
  if (written?.rowsChanged === 1) await endRunsOf(runtime, await requireGiven(runtime, scope, shareId), scope);
  runtime.nudgeOutbox();
  return viewOf(runtime, scope, { serverId, shareId });
}

/** Does what a withdrawal began and a crash cut off. */
export async function finishWithdrawals(runtime: Runtime): Promise<void> {
  for (const share of await listWithdrawnShares(runtime.db)) {
    await endRunsOf(runtime, share, { orgId: share.orgId, userId: share.createdBy, address: "" });
  }
}

async function endRunsOf(
  runtime: Runtime,
  { orgId, serverId, guestOrgId, cancelsRuns }: ShareRow,
  by: Pick<OrgScope, "orgId" | "userId" | "address">,
): Promise<void> {
  if (guestOrgId === null) return;
  const server = await findServer(runtime.db, { orgId }, serverId);
  if (server === null || server.revokedAtMs !== null) return;
  const states = cancelsRuns ? (["queued", "dispatched", "running"] as const) : (["queued"] as const);
  const open = await listOpenRuns(runtime.db, { serverId, orgId: guestOrgId, states });
  await cancelRuns(runtime, by, { server, open, why: "the share of the server was taken back" });
}
