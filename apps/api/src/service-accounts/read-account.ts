import type { UserId } from "@quarterdeck/core/ids";
import { wholeOrg, type Place } from "../auth/rights.ts";
import type { OrgScope } from "../auth/scope.ts";
import { findPlace } from "../members/find-place.ts";
import { notFound } from "../not-found.ts";
import type { Runtime } from "../runtime.ts";
import { listKeys } from "./key-repo.ts";
import { listAccounts, type PlaceId, type ServiceAccount } from "./repo.ts";
import type { ServiceAccountView } from "./views.ts";

/** An account with the place that its role is at. */
export interface AccountInput {
  readonly serviceAccountId: UserId;
  readonly placeId: PlaceId;
}

/** A place of the org where an account can have its role. */
export async function requirePlace({ db }: Runtime, scope: OrgScope, placeId: PlaceId): Promise<Place> {
  if (placeId === scope.orgId) return wholeOrg;
  const place = await findPlace(db, scope, placeId);
  if (place !== null) return place;
  throw notFound(placeId.startsWith("ws_") ? "workspace" : placeId.startsWith("prj_") ? "project" : "quota");
}

/** The account, if its role is at the place where the caller's right was checked. */
export async function requireAccount(
  runtime: Runtime,
  scope: OrgScope,
  { serviceAccountId, placeId }: AccountInput,
): Promise<ServiceAccount> {
  await requirePlace(runtime, scope, placeId);
  const [account] = await listAccounts(runtime.db, scope, serviceAccountId);
  if (account?.placeId !== placeId) throw notFound("service account");
  return account;
}

export async function readView(runtime: Runtime, scope: OrgScope, userId: UserId): Promise<ServiceAccountView> {
  const [view] = await toViews(runtime, scope, await listAccounts(runtime.db, scope, userId));
  if (view === undefined) throw notFound("service account");
  return view;
}

export async function toViews(
  { db, clock }: Runtime,
  scope: OrgScope,
  accounts: readonly ServiceAccount[],
): Promise<ServiceAccountView[]> {
  const keys = await listKeys(
    db,
    scope,
    accounts.map(({ userId }) => userId),
  );
  const nowMs = clock.nowMs();
  return accounts.map(({ userId, place: _place, permissions, ...account }) => ({
    ...account,
    serviceAccountId: userId,
    permissions: permissions === null ? null : [...permissions],
    keys: keys.flatMap(({ userId: owner, keyHash: _keyHash, ...key }) =>
      owner === userId
        ? [{ ...key, isLive: key.revokedAtMs === null && (key.endsAtMs === null || key.endsAtMs > nowMs) }]
        : [],
    ),
  }));
}
