import { randomBytes } from "node:crypto";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { ApiKeyId, UserId } from "@quarterdeck/core/ids";
import { dayMs, hourMs } from "@quarterdeck/core/units";
import { recordAudit } from "../audit/repo.ts";
import { takeRight } from "../auth/lost-right.ts";
import type { RightInUse } from "../auth/rights-in-use.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { orgChanged } from "../members/change-rights.ts";
import { notFound } from "../not-found.ts";
import { hashToken } from "../random-token.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement } from "../writer.ts";
import { hintOf, makeApiKey } from "./api-key.ts";
import { checkLife, checkNotWider } from "./check-not-wider.ts";
import { deleteEndedKeys, endKey, hasRoomForKey, insertKey, listKeys, type NewKey } from "./key-repo.ts";
import { readView, requireAccount, type AccountInput } from "./read-account.ts";
import type { MadeKey, ServiceAccountView } from "./views.ts";

/** How long a key that ended is still shown. */
const shownMs = 30 * dayMs;
const secretBytes = 32;

type KeyInput = AccountInput & { readonly keyId: ApiKeyId };
interface Life {
  readonly expiresInDays: number | null;
}

/** A key with what is stored of it. */
export function newKey(
  { clock, makeId }: Runtime,
  { userId: createdBy }: OrgScope,
  { userId, expiresInDays }: Life & { readonly userId: UserId },
): { apiKey: string; row: NewKey } {
  const apiKey = makeApiKey(randomBytes(secretBytes));
  const createdAtMs = clock.nowMs();
  const endsAtMs = expiresInDays === null ? null : createdAtMs + expiresInDays * dayMs;
  const keyId = makeId("key");
  const kept = { keyId, userId, keyHash: hashToken(apiKey), hint: hintOf(apiKey) };
  return { apiKey, row: { ...kept, createdBy, createdAtMs, endsAtMs } };
}

/** Makes one more key of an account. */
export async function addKey(runtime: Runtime, scope: OrgScope, input: AccountInput & Life): Promise<MadeKey> {
  const userId = input.serviceAccountId;
  const { apiKey, row } = await prepareKey(runtime, scope, input);
  const room = hasRoomForKey(scope, { userId, nowMs: row.createdAtMs });
  const insert = insertKey(scope, row, room);
  await commitKey(runtime, scope, { row, action: "apiKey.create", detail: row.keyId, statements: [insert] });
  return { account: await readView(runtime, scope, userId), apiKey };
}

/** Makes the key that comes after one, which goes on for some hours, or ends at once. */
export async function rotateKey(
  runtime: Runtime,
  scope: OrgScope,
  { overlapHours, ...input }: KeyInput & Life & { readonly overlapHours: number },
): Promise<MadeKey> {
  const { keyId, serviceAccountId: userId } = input;
  const { apiKey, row } = await prepareKey(runtime, scope, input);
  const { keyHash } = await requireKey(runtime, scope, input);
  const nowMs = row.createdAtMs;
  const endsNow = overlapHours === 0;
  // What goes on takes a place beside the new one.
  const room = hasRoomForKey(scope, { userId, nowMs, without: endsNow ? [keyId] : [] });
  const end = endKey(scope, { userId, keyId, nowMs, atMs: nowMs + overlapHours * hourMs }, room);
  const statements = [end, insertKey(scope, row, previousChanged)];
  const detail = `${keyId} to ${row.keyId}, ${overlapHours} hours side by side`;
  if (endsNow) {
    const { orgId, userId: actor, address } = scope;
    const audit = { actor, address, action: "apiKey.rotate", detail };
    const change = [...statements, orgChanged(runtime, scope)];
    if (!(await takeRight(runtime, { orgId, userId, endsReading: false, audit }, change))) throw noRoom();
    closeUse(runtime, keyHash);
  } else await commitKey(runtime, scope, { row, action: "apiKey.rotate", detail, statements });
  return { account: await readView(runtime, scope, userId), apiKey };
}

/** Ends a key with all that it let in, within five seconds. */
export async function revokeKey(runtime: Runtime, scope: OrgScope, input: KeyInput): Promise<ServiceAccountView> {
  const { keyId, serviceAccountId: userId } = input;
  await requireAccount(runtime, scope, input);
  const { keyHash } = await requireKey(runtime, scope, input);
  const nowMs = runtime.clock.nowMs();
  const { orgId, userId: actor, address } = scope;
  const audit = { actor, address, action: "apiKey.revoke", detail: keyId };
  const revoke = endKey(scope, { userId, keyId, nowMs, atMs: nowMs });
  // One that has ended already stays as it is.
  await takeRight(runtime, { orgId, userId, endsReading: false, audit }, [revoke, orgChanged(runtime, scope)]);
  closeUse(runtime, keyHash);
  return readView(runtime, scope, userId);
}

async function prepareKey(runtime: Runtime, scope: OrgScope, input: AccountInput & Life) {
  const account = await requireAccount(runtime, scope, input);
  checkNotWider(scope, account);
  checkLife(scope, input.expiresInDays);
  return newKey(runtime, scope, { userId: account.userId, expiresInDays: input.expiresInDays });
}

interface KeyUnit {
  readonly row: NewKey;
  readonly action: string;
  readonly detail: string;
  /** The first says whether it is done. */
  readonly statements: readonly Statement[];
}

async function commitKey(runtime: Runtime, scope: OrgScope, { row, action, detail, statements }: KeyUnit) {
  const { orgId, userId: actor, address } = scope;
  const { userId: subject, createdAtMs } = row;
  const [first] = await runtime.writer.commit([
    ...statements,
    recordAudit(runtime, { orgId, actor, address, action, subject, outcome: "done", detail }, previousChanged),
    orgChanged(runtime, scope),
    deleteEndedKeys(scope, subject, createdAtMs - shownMs),
  ]);
  if (first?.rowsChanged !== 1) throw noRoom();
}

function noRoom(): QuarterdeckError {
  return new QuarterdeckError(
    "CONFLICT",
    "A service account has at most two keys at a time, and a key that has ended has none after it. Revoke one first, or let the old one end at once.",
  );
}

function closeUse({ rights }: Runtime, keyHash: string): void {
  const isOfKey = ({ tokenHash }: RightInUse) => tokenHash === keyHash;
  rights.forgetTickets(isOfKey);
  rights.closeSockets(isOfKey, "signedOut");
}

async function requireKey({ db }: Runtime, scope: OrgScope, { serviceAccountId, keyId }: KeyInput) {
  const found = (await listKeys(db, scope, [serviceAccountId])).find((key) => key.keyId === keyId);
  if (found === undefined) throw notFound("API key");
  return found;
}
