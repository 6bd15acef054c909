import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { Runtime } from "../runtime.ts";
import type { PendingLinkView } from "./views.ts";

// The one place where the operator meets the links of accounts.

/** The links that no mail server took, for the operator to hand over. */
export async function readPendingLinks(_runtime: Runtime): Promise<PendingLinkView[]> {
  return []; // Accounts have no links yet.
}

/** Makes a single-use link with which the account gets a new password. */
export async function makeResetLink(_runtime: Runtime, email: string): Promise<string> {
  throw new QuarterdeckError("NOT_READY", `No link can be made for ${email}: accounts of this version have no links.`);
}
