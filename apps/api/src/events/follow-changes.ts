import { tracked, type TrackedEnvelope } from "@trpc/server";
import type { OrgScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import type { Runtime } from "../runtime.ts";
import { visibleIds } from "../auth/check-place.ts";
import { readChangesAfter, readEventBounds } from "./repo.ts";
import type { ChangeView } from "./views.ts";

const pageSize = 200;
/** How soon a change that another replica wrote is seen; this process's own wake at once. */
const pollMs = 1000;

interface FollowOptions {
  /** The newest event that the client has seen; null starts with what happens from now on. */
  readonly lastEventId: string | null;
  readonly signal: AbortSignal | undefined;
}

/**
 * The changes of an org, from where the client stopped. When events that it has not seen were deleted meanwhile, the
 * first is one of kind `org`: anything may have changed.
 */
export async function* followChanges(
  { db, changes, clock }: Runtime,
  scope: OrgScope,
  { lastEventId, signal }: FollowOptions,
): AsyncGenerator<TrackedEnvelope<ChangeView>> {
  const { oldest, newest } = await readEventBounds(db);
  const seen = lastEventId === null ? Number.NaN : Number(lastEventId);
  let position = newest;
  if (Number.isSafeInteger(seen) && seen >= oldest - 1 && seen <= newest) position = seen;
  else yield tracked(String(newest), { kind: "org", id: scope.orgId, atMs: clock.nowMs() });
  while (signal?.aborted !== true) {
    const woken = changes.wait(pollMs, signal); // Before the read, so that nothing written after it is missed.
    const page = await readChangesAfter(db, scope, { after: position, limit: pageSize });
    const isSeen = await seenOf(db, scope, page);
    for (const { eventId, change } of page) {
      position = eventId;
      if (isSeen(change.id)) yield tracked(String(eventId), change);
    }
    if (page.length < pageSize) await woken;
  }
}

/** Who may see a part of the org only hears of that part only. */
async function seenOf(
  db: Database,
  scope: OrgScope,
  page: readonly { readonly change: ChangeView }[],
): Promise<(id: string) => boolean> {
  if (scope.role !== null || page.length === 0) return () => true;
  const visible = await visibleIds(
    db,
    scope,
    page.map(({ change }) => change.id),
  );
  return (id) => visible.has(id);
}
