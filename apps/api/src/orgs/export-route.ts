import { Readable } from "node:stream";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { recordAudit } from "../audit/repo.ts";
import { admitDownload } from "../http/admit-download.ts";
import type { Log } from "../log.ts";
import type { Runtime } from "../runtime.ts";
import { exportLines } from "./export.ts";

export const exportPath = "/export/organization.ndjson";

/** The download of everything that an org has. It changes nothing, so a link of the console is enough to start it. */
export function orgExportRoutes(runtime: Runtime): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.get(exportPath, async (c) => {
    const { scope, mayGoOn } = await admitDownload(runtime, c, { permission: "org.own", action: "org.export" });
    const { address } = scope;
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

/** What ends a download early is seen by its reader as a connection that broke, and here. */
async function* logged(log: Log, lines: AsyncIterable<string>): AsyncGenerator<string> {
  try {
    yield* lines;
  } catch (error) {
    log.warn({ err: error }, "an export was cut off");
    throw error;
  }
}
