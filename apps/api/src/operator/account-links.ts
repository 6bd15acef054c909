import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { sql } from "drizzle-orm";
import { makeLink } from "../auth/links/make-link.ts";
import { listPendingLinks } from "../auth/links/pending-links.ts";
import { findUserByEmail } from "../auth/repo.ts";
import { previousChanged } from "../db/insert-when.ts";
import type { Runtime } from "../runtime.ts";
import { recordOperatorAct } from "./operator-audit.ts";
import type { PendingLinkView } from "./views.ts";

// The one place where the operator meets the links of accounts.

/** The links that no mail server took, for the operator to hand over. */
export async function readPendingLinks(runtime: Runtime): Promise<PendingLinkView[]> {
  const links = await listPendingLinks(runtime);
  return links.map(({ kind, email, url, expiresAtMs }) => ({ kind, email, url, expiresAtMs }));
}

/**
 * Makes a single-use link with which the account gets a new password. It is not mailed: who asked for it hands it over.
 *
 * @throws QuarterdeckError NOT_FOUND for an address without an account
 */
export async function makeResetLink(runtime: Runtime, email: string): Promise<string> {
  const user = await findUserByEmail(runtime.db, email);
  if (user === null) throw new QuarterdeckError("NOT_FOUND", `There is no account with ${email}.`);
  const { url, statement } = makeLink(runtime, { kind: "resetPassword", userId: user.userId, email }, sql`true`);
  const act = { action: "operator.makeResetLink", subject: user.userId, detail: null };
  await runtime.writer.commit([
    statement,
    recordOperatorAct(runtime, "command line", { act, condition: previousChanged }),
  ]);
  return url;
}
