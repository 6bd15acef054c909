import { errorRule } from "@quarterdeck/core/errors/codes";
import type { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** What is answered to a request outside tRPC that was refused. */
export function answerError(c: Context, error: QuarterdeckError): Response {
  const { code, message } = error;
  return c.json({ code, message }, errorRule(code).httpStatus as ContentfulStatusCode);
}
