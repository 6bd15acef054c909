import type { HttpBindings } from "@hono/node-server";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { Context } from "hono";
import { recordRefused } from "../audit/refusal-tally.ts";
import { forbidden } from "../auth/check-place.ts";
import type { Permission } from "../auth/permissions.ts";
import { mayWith, rolesAt, wholeOrg } from "../auth/rights.ts";
import type { OrgScope } from "../auth/scope.ts";
import type { Runtime } from "../runtime.ts";
import { readRequestCaller } from "./request-caller.ts";

interface Download {
  readonly permission: Permission;
  /** What a refusal is recorded as. */
  readonly action: string;
}

/**
 * Lets somebody download what is an org's, as a procedure would: with a session, the permission, and at the rate of requests.
 *
 * @throws QuarterdeckError for who may not
 */
export async function admitDownload(
  runtime: Runtime,
  c: Context<{ Bindings: HttpBindings }>,
  { permission, action }: Download,
): Promise<{ readonly scope: OrgScope; readonly fields: Readonly<Record<string, string>> }> {
  const address = c.env.incoming.socket.remoteAddress ?? "unknown";
  const headers = {
    cookie: c.req.header("cookie"),
    authorization: c.req.header("authorization"),
    origin: c.req.header("origin"),
  };
  const { caller, sessionToken } = await readRequestCaller(runtime, headers, { mustKnowOrigin: false });
  const { fields, refusal } = runtime.requestRates.charge({ caller, address }, 1);
  for (const [name, value] of Object.entries(fields)) c.header(name, value);
  if (refusal !== null) throw refusal;
  if (caller === null || sessionToken === null)
    throw new QuarterdeckError("UNAUTHENTICATED", "You are not signed in. Sign in and try again.");
  const rolesHere = rolesAt(caller, wholeOrg);
  if (!mayWith(rolesHere, permission)) {
    const { orgId, userId: actor } = caller;
    const refused = { orgId, actor, address, action, subject: orgId, detail: "FORBIDDEN" } as const;
    await runtime.writer.commit(recordRefused(runtime, refused));
    throw forbidden(rolesHere, permission);
  }
  return { scope: { ...caller, address, sessionToken, rolesHere }, fields };
}
