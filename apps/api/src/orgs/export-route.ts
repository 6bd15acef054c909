import { Readable } from "node:stream";
import type { HttpBindings } from "@hono/node-server";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { Hono } from "hono";
import { recordRefusal } from "../audit/refusals.ts";
import { recordAudit } from "../audit/repo.ts";
import { isAllowed } from "../auth/permissions.ts";
import { requireAdmission } from "../auth/require-admission.ts";
import type { OrgScope } from "../auth/scope.ts";
import { clientAddress } from "../http/client-address.ts";
import { readRequestCaller, type CallerHeaders } from "../http/request-caller.ts";
import type { Log } from "../log.ts";
import type { Runtime } from "../runtime.ts";
import { exportLines } from "./export.ts";

export const exportPath = "/export/organization.ndjson";

/** The download of everything that an org has. It changes nothing, so a link of the console is enough to start it. */
export function orgExportRoutes(runtime: Runtime): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.get(exportPath, async (c) => {
    const headers = {
      cookie: c.req.header("cookie"),
      authorization: c.req.header("authorization"),
      origin: c.req.header("origin"),
    };
    const address = clientAddress(c.env.incoming, runtime.env.trustedProxies);
    const admit = () => admitExport(runtime, headers, address);
    const scope = await admit();
    const { refusal } = runtime.requestRates.charge({ caller: scope, address }, 1);
    if (refusal !== null) throw refusal;
    const { orgId, userId: actor } = scope;
    await runtime.writer.commit([
      recordAudit(runtime, {
        orgId,
        actor,
        address,
        action: "org.export",
        subject: orgId,
        outcome: "done",
        detail: null,
      }),
    ]);
    const mayGoOn = async () => {
      if ((await admit()).orgId !== orgId)
        throw new QuarterdeckError("ORG_CHANGED", "The session works in another org now.");
    };
    const lines = logged(runtime.log, exportLines(runtime.db, { orgId, atMs: runtime.clock.nowMs(), mayGoOn }));
    // A pipe takes the next page only when there is room for it.
    const body = Readable.toWeb(Readable.from(lines, { objectMode: false, highWaterMark: 1 })) as ReadableStream;
    return c.body(body, 200, {
      "content-type": "application/x-ndjson; charset=utf-8",
      "content-disposition": `attachment; filename="quarterdeck-${orgId}.ndjson"`,
      "cache-control": "no-store",
    });
  });
  return app;
}

/** Whoever may export the org in which the session works, as it is now. */
async function admitExport(runtime: Runtime, headers: CallerHeaders, address: string): Promise<OrgScope> {
  const { caller, sessionToken } = await readRequestCaller(runtime, headers, { mustKnowOrigin: false });
  if (caller === null || sessionToken === null)
    throw new QuarterdeckError("UNAUTHENTICATED", "You are not signed in. Sign in and try again.");
  const scope: OrgScope = { ...caller, address, sessionToken };
  try {
    await requireAdmission(runtime, caller, address);
    if (isAllowed(caller.role, "org.own")) return scope;
    throw new QuarterdeckError("FORBIDDEN", "Only an owner may export everything that the organization has.");
  } catch (error) {
    if (error instanceof QuarterdeckError)
      await recordRefusal(runtime, scope, { path: "org.export", code: error.code });
    throw error;
  }
}

/** What ends a download early is seen by its reader as a connection that broke, and here. */
async function* logged(log: Log, lines: AsyncIterable<string>): AsyncGenerator<string> {
  try {
    yield* lines;
  } catch (error) {
    log.warn({ err: error }, "an export was cut off");
    throw error;
  }
}
