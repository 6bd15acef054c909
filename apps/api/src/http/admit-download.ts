import type { HttpBindings } from "@hono/node-server";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { Context } from "hono";
import { recordRefused } from "../audit/refusal-tally.ts";
import { forbidden } from "../auth/check-place.ts";
import { noCaller } from "../auth/no-caller.ts";
import type { Permission } from "../auth/permissions.ts";
import { requireAdmission } from "../auth/require-admission.ts";
import { mayWith, rolesAt, wholeOrg } from "../auth/rights.ts";
import type { Caller, OrgScope } from "../auth/scope.ts";
import type { Runtime } from "../runtime.ts";
import { clientAddress } from "./client-address.ts";
import { readRequestCaller } from "./request-caller.ts";

interface Download {
  readonly permission: Permission;
  /** What a refusal is recorded as. */
  readonly action: string;
}

interface AdmittedDownload {
  readonly scope: OrgScope;
  readonly fields: Readonly<Record<string, string>>;
  /** Asks once more whether it may go on, for one that takes long. */
  readonly mayGoOn: () => Promise<void>;
}

/**
 * Lets somebody download what is an org's, as a procedure would: with a session, from where the org lets people in, with the
 * permission, and at the rate of requests. It changes nothing, so a link of the console is enough to start it.
 *
 * @throws QuarterdeckError for who may not
 */
export async function admitDownload(
  runtime: Runtime,
  c: Context<{ Bindings: HttpBindings }>,
  download: Download,
): Promise<AdmittedDownload> {
  const address = clientAddress(c.env.incoming, runtime.env.trustedProxies);
  const headers = {
    cookie: c.req.header("cookie"),
    authorization: c.req.header("authorization"),
    origin: c.req.header("origin"),
  };
  const read = () => readRequestCaller(runtime, headers, { mustKnowOrigin: false, peer: address });
  const { account, caller, sessionToken, sinceAuthMs } = await read();
  const { fields, refusal } = runtime.requestRates.charge({ caller, address }, 1);
  for (const [name, value] of Object.entries(fields)) c.header(name, value);
  if (refusal !== null) throw refusal;
  if (caller === null || sessionToken === null) throw noCaller(account);
  await requireAllowed(runtime, caller, { ...download, address });
  const mayGoOn = async () => {
    const { account: whose, caller: now } = await read();
    if (now === null) throw noCaller(whose);
    if (now.orgId !== caller.orgId)
      throw new QuarterdeckError("ORG_CHANGED", "The session works in another org now. Start the download again.");
    await requireAllowed(runtime, now, { ...download, address });
  };
  return {
    scope: { ...caller, address, sessionToken, sinceAuthMs, rolesHere: rolesAt(caller, wholeOrg) },
    fields,
    mayGoOn,
  };
}

async function requireAllowed(
  runtime: Runtime,
  caller: Caller,
  { permission, action, address }: Download & { readonly address: string },
): Promise<void> {
  try {
    await requireAdmission(runtime, caller, address);
    const rolesHere = rolesAt(caller, wholeOrg);
    if (!mayWith(caller, rolesHere, permission)) throw forbidden(rolesHere, permission);
  } catch (error) {
    if (error instanceof QuarterdeckError) {
      const { orgId, userId: actor } = caller;
      const refused = { orgId, actor, address, action, subject: orgId, detail: error.code } as const;
      await runtime.writer.commit(recordRefused(runtime, refused));
    }
    throw error;
  }
}
