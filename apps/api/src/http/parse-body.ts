import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import * as z from "zod";

/** What was sent, or `BAD_REQUEST` with what is wrong with it. */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new QuarterdeckError("BAD_REQUEST", z.prettifyError(parsed.error).slice(0, 1000));
  return parsed.data;
}
