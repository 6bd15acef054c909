import type { HttpBindings } from "@hono/node-server";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { Hono } from "hono";
import * as z from "zod";
import { admitDownload } from "../http/admit-download.ts";
import type { Runtime } from "../runtime.ts";
import { entryFilterSchema } from "./entry-filter.ts";
import { csvLines, ndjsonLines } from "./export-lines.ts";
import { recordAudit } from "./repo.ts";

const kinds = {
  ndjson: { lines: ndjsonLines, contentType: "application/x-ndjson" },
  csv: { lines: csvLines, contentType: "text/csv; charset=utf-8" },
} as const;

const timeText = z
  .string()
  .regex(/^\d{1,16}$/)
  .transform(Number)
  .optional();
const querySchema = z
  .strictObject({ ...entryFilterSchema.shape, fromMs: timeText, toMs: timeText })
  .pipe(entryFilterSchema);

/** Downloads of an org's audit: whole as NDJSON to verify it, and what matches a filter in both forms. */
export function auditDownloads(runtime: Runtime): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  for (const [kind, { lines, contentType }] of Object.entries(kinds)) {
    app.get(`/downloads/audit.${kind}`, async (c) => {
      const { scope, fields } = await admitDownload(runtime, c, { permission: "audit.read", action: "audit.export" });
      const filter = querySchema.safeParse(c.req.query());
      if (!filter.success) throw new QuarterdeckError("BAD_REQUEST", z.prettifyError(filter.error).slice(0, 1000));
      const { orgId, userId: actor, address } = scope;
      const entry = { orgId, actor, address, action: "audit.export", subject: orgId, outcome: "done" } as const;
      await runtime.writer.commit([recordAudit(runtime, { ...entry, detail: kind })]);
      const pieces = lines(runtime, { chainId: orgId, filter: filter.data });
      return c.body(toStream(pieces), 200, {
        ...fields,
        "content-type": contentType,
        "content-disposition": `attachment; filename="audit-${new Date(runtime.clock.nowMs()).toISOString().slice(0, 10)}.${kind}"`,
        "cache-control": "no-store",
      });
    });
  }
  return app;
}

/** Made as it is read: a slow reader holds one page. */
function toStream(pieces: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await pieces.next();
        if (done === true) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      async cancel() {
        await pieces.return(undefined);
      },
    },
    { highWaterMark: 1 },
  );
}
