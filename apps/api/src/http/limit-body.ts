import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { kibibyte } from "@quarterdeck/core/units";
import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { answerError } from "./error-answer.ts";

/**
 * Refuses bodies that are too long. hono's own looks at the body first, which costs as much as answering; where there is none, or
 * its length is said, that is not needed: Node reads no more than what was said.
 */
export function limitBody(maxBytes: number): MiddlewareHandler {
  const refuse = (c: Context) =>
    answerError(c, new QuarterdeckError("TOO_LARGE", `A request may have ${maxBytes / kibibyte} KiB.`));
  const counted = bodyLimit({ maxSize: maxBytes, onError: refuse });
  return async (c, next) => {
    if (c.req.method === "GET" || c.req.method === "HEAD") return next(); // Whose bodies reach nobody.
    const length = c.req.header("content-length");
    if (length === undefined || c.req.header("transfer-encoding") !== undefined) return counted(c, next);
    return Number(length) > maxBytes ? refuse(c) : next();
  };
}
