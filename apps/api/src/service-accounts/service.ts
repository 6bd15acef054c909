import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { recordAudit } from "../audit/repo.ts";
import { takeRight } from "../auth/lost-right.ts";
import { losesReading, mayAt } from "../auth/rights.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { endWhatIsOpen, orgChanged } from "../members/change-rights.ts";
import type { Runtime } from "../runtime.ts";
import { rightsOf, type GivenRights } from "./account-rights.ts";
import { checkLife, checkNotWider } from "./check-not-wider.ts";
import { insertKey, revokeKeys } from "./key-repo.ts";
import { newKey } from "./key-service.ts";
import { readView, requireAccount, requirePlace, toViews, type AccountInput } from "./read-account.ts";
import { changeAccount, insertAccount, listAccounts, removeAccount, type PlaceId } from "./repo.ts";
import type { MadeKey, ServiceAccountView } from "./views.ts";

/** The service accounts at the places where the caller may manage them. */
export async function listServiceAccounts(runtime: Runtime, scope: OrgScope): Promise<ServiceAccountView[]> {
  const accounts = await listAccounts(runtime.db, scope);
  return toViews(
    runtime,
    scope,
    accounts.filter(({ place }) => mayAt(scope, "serviceAccounts.manage", place)),
  );
}

/** Makes an account with its first key. */
export async function createServiceAccount(
  runtime: Runtime,
  scope: OrgScope,
  input: GivenRights & { readonly name: string; readonly placeId: PlaceId; readonly expiresInDays: number | null },
): Promise<MadeKey> {
  const { name, placeId, role, permissions, expiresInDays } = input;
  const place = await requirePlace(runtime, scope, placeId);
  checkNotWider(scope, input);
  checkLife(scope, expiresInDays);
  const userId = runtime.makeId("user");
  const { apiKey, row } = newKey(runtime, scope, { userId, expiresInDays });
  const { orgId, userId: actor, address } = scope;
  const account = { userId, name, placeId, place, role, permissions };
  const detail = `${name}: ${describe(input)} at ${placeId}, key ${row.keyId}`;
  const [first] = await runtime.writer.commit([
    ...insertAccount(scope, { ...account, createdBy: actor, createdAtMs: row.createdAtMs }),
    insertKey(scope, row, previousChanged),
    recordAudit(
      runtime,
      { orgId, actor, address, action: "serviceAccount.create", subject: userId, outcome: "done", detail },
      previousChanged,
    ),
    orgChanged(runtime, scope),
  ]);
  if (first?.rowsChanged !== 1) {
    throw new QuarterdeckError(
      "CONFLICT",
      "There is a service account of this name, or there are 100 of them. Choose another name, or remove one.",
    );
  }
  return { account: await readView(runtime, scope, userId), apiKey };
}

/** Gives an account another role at its place, or narrows it. What its keys have open ends and comes back with what is left. */
export async function setRights(
  runtime: Runtime,
  scope: OrgScope,
  { role, permissions, ...input }: AccountInput & GivenRights,
): Promise<ServiceAccountView> {
  const account = await requireAccount(runtime, scope, input);
  const { userId, place } = account;
  checkNotWider(scope, { role, permissions });
  checkNotWider(scope, account);
  const { orgId, userId: actor, address } = scope;
  const endsReading = losesReading(rightsOf(account, place), rightsOf({ role, permissions }, place));
  const detail = `from ${describe(account)} to ${describe({ role, permissions })}`;
  const audit = { actor, address, action: "serviceAccount.setRights", detail };
  const change = [...changeAccount(scope, account, { role, permissions }), orgChanged(runtime, scope)];
  if (!(await takeRight(runtime, { orgId, userId, endsReading, audit }, change))) throw changedMeanwhile();
  endWhatIsOpen(runtime, { orgId, userId }, "changed");
  return readView(runtime, scope, userId);
}

/** Removes an account: its keys let nobody in, what they have open ends, and what starts from then on is sealed with new keys. */
export async function removeServiceAccount(runtime: Runtime, scope: OrgScope, input: AccountInput): Promise<void> {
  const { userId, name } = await requireAccount(runtime, scope, input);
  const { orgId, userId: actor, address } = scope;
  const nowMs = runtime.clock.nowMs();
  const audit = { actor, address, action: "serviceAccount.remove", detail: name };
  const change = [...removeAccount(scope, userId, nowMs), orgChanged(runtime, scope)];
  const also = [revokeKeys(scope, userId, nowMs)];
  if (!(await takeRight(runtime, { orgId, userId, endsReading: true, audit, also }, change))) throw changedMeanwhile();
  endWhatIsOpen(runtime, { orgId, userId }, "signedOut");
}

function describe({ role, permissions }: GivenRights): string {
  return permissions === null ? role : `${role} (${permissions.join(", ")})`;
}

function changedMeanwhile(): QuarterdeckError {
  return new QuarterdeckError(
    "CONFLICT",
    "Nothing was changed: somebody has just changed this service account. Try again.",
  );
}
