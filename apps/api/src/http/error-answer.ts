import { errorRule } from "@quarterdeck/core/errors/codes";
import type { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { retryAfterField } from "../rates/rate-limit-fields.ts";

/** What is answered to a request outside tRPC that was refused. */
export function answerError(c: Context, error: QuarterdeckError): Response {
  const { code, message, retryAfterMs } = error;
  const headers = retryAfterMs === null ? {} : retryAfterField(retryAfterMs);
  return c.json({ code, message }, errorRule(code).httpStatus as ContentfulStatusCode, headers);
}
