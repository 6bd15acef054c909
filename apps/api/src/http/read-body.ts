import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { Context } from "hono";
import * as z from "zod";

/** The body of a request; one that is no JSON is refused like any other that the schema does not know. */
export async function readBody<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(await c.req.json().catch(() => null));
  if (!parsed.success) throw new QuarterdeckError("BAD_REQUEST", z.prettifyError(parsed.error).slice(0, 1000));
  return parsed.data;
}
