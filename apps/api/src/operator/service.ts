import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { OrgId } from "@quarterdeck/core/ids";
import type { PlanName } from "@quarterdeck/core/quota/request-tiers";
import { sql } from "drizzle-orm";
import { recordAudit } from "../audit/repo.ts";
import { findUserByEmail } from "../auth/repo.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { changeKeys, readKeyStatus, type KeyChangeRequest } from "../keys/key-service.ts";
import type { KeyStatus } from "../keys/key-status.ts";
import type { Runtime } from "../runtime.ts";
import { writeSetting } from "../settings/repo.ts";
import { isSignUpOpen } from "../settings/sign-up.ts";
import { recordOperatorAct, type OperatorActor } from "./operator-audit.ts";
import { giveOperator, isOperator, takeOperator } from "./operators-repo.ts";
import { changePlan, findOrgs, listOrgs } from "./orgs-repo.ts";
import type { OperatedKeys, OperatedOrg, PlatformSettings } from "./views.ts";

/** Lists the orgs, a page at a time. */
export async function readOrgs(
  { db }: Runtime,
  { after, limit }: { after: OrgId | null; limit: number },
): Promise<{ orgs: OperatedOrg[]; next: OrgId | null }> {
  const found = await listOrgs(db, { after, limit: limit + 1 });
  const orgs = found.slice(0, limit);
  return { orgs, next: found.length > limit ? (orgs.at(-1)?.orgId ?? null) : null };
}

/** Puts an org on a plan. The org reads in its own audit that the platform did so. */
export async function setPlan(
  runtime: Runtime,
  actor: OperatorActor,
  { orgId, plan }: { orgId: OrgId; plan: PlanName },
): Promise<void> {
  const { db, writer, clock } = runtime;
  if ((await findOrgs(db, orgId)).length === 0) throw new QuarterdeckError("NOT_FOUND", "There is no such org.");
  const act = { action: "org.setPlan", subject: orgId, detail: plan };
  await writer.commit([
    changePlan(orgId, plan),
    recordOperatorAct(runtime, actor, { act, condition: previousChanged }),
    recordAudit(runtime, { orgId, actor: "platform", address: null, ...act, outcome: "done" }, previousChanged),
    recordChange({ orgId }, { kind: "org", id: orgId, atMs: clock.nowMs() }, previousChanged),
  ]);
}

export async function readSettings(runtime: Runtime): Promise<PlatformSettings> {
  return { isSignUpOpen: await isSignUpOpen(runtime) };
}

export async function openSignUp(runtime: Runtime, actor: OperatorActor, isOpen: boolean): Promise<PlatformSettings> {
  const act = { action: "platform.setSignUp", subject: null, detail: isOpen ? "open" : "closed" };
  await runtime.writer.commit([
    writeSetting("signUpOpen", isOpen),
    recordOperatorAct(runtime, actor, { act, condition: previousChanged }),
  ]);
  return readSettings(runtime);
}

/** Makes an account an operator, or takes that away: it holds from the next call on. */
export async function setOperator(
  runtime: Runtime,
  actor: OperatorActor,
  { email, isOperator: wanted }: { email: string; isOperator: boolean },
): Promise<void> {
  const { db, writer } = runtime;
  const user = await findUserByEmail(db, email);
  if (user === null)
    throw new QuarterdeckError("NOT_FOUND", `There is no account ${email}. List them: quarterdeck admin users`);
  const act = { action: wanted ? "operator.give" : "operator.take", subject: user.userId, detail: null };
  await writer.commit([
    wanted ? giveOperator(user.userId) : takeOperator(user.userId),
    recordOperatorAct(runtime, actor, { act, condition: previousChanged }),
  ]);
  if ((await isOperator(db, user.userId)) === wanted) return;
  throw new QuarterdeckError(
    "CONFLICT",
    "Nothing was changed: this is the only operator, and a platform must have one. Make somebody else an operator first.",
  );
}

export async function readKeys(runtime: Runtime): Promise<OperatedKeys> {
  return withoutNames(await readKeyStatus(runtime));
}

/** Changes the platform's keys for an operator in the console. The keys' own entry says what came of it. */
export async function changeKeysAs(
  runtime: Runtime,
  actor: OperatorActor,
  request: KeyChangeRequest,
): Promise<OperatedKeys> {
  const { change, fromVersion, isForced } = request;
  const detail = `version ${fromVersion}${isForced ? ", forced" : ""}`;
  const act = { action: `keys.ask.${change}`, subject: null, detail };
  const asked = recordOperatorAct(runtime, actor, { act, condition: sql`true` });
  // Before: keys are in a file, and whoever changed them must be on record although the process dies in between.
  await runtime.writer.commit([asked]);
  return withoutNames(await changeKeys(runtime, request));
}

function withoutNames({ servers, ...status }: KeyStatus): OperatedKeys {
  return {
    ...status,
    servers: servers.map(({ serverId, version, standing, isOnline }) => ({ serverId, version, standing, isOnline })),
  };
}
