import type { TRPCError } from "@trpc/server";
import { errorRule, type ErrorCode } from "@quarterdeck/core/errors/codes";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import * as z from "zod";

/** What a client learns of an error: a code to match on, a message for people, and which fields are to blame. */
export interface ErrorDescription {
  readonly code: ErrorCode;
  readonly message: string;
  readonly httpStatus: number;
  readonly isRetryable: boolean;
  /** After how many milliseconds the same may succeed, where that is known. */
  readonly retryAfterMs: number | null;
  /** For a malformed input: the message of each field, by its path (`name`, `params.args.0`). */
  readonly fields: Readonly<Record<string, string>> | null;
}

const codesOfTrpc: Partial<Record<TRPCError["code"], ErrorCode>> = {
  PARSE_ERROR: "BAD_REQUEST",
  BAD_REQUEST: "BAD_REQUEST",
  UNAUTHORIZED: "UNAUTHENTICATED",
  FORBIDDEN: "FORBIDDEN",
  NOT_FOUND: "NOT_FOUND",
  METHOD_NOT_SUPPORTED: "BAD_REQUEST",
  UNSUPPORTED_MEDIA_TYPE: "BAD_REQUEST",
  PAYLOAD_TOO_LARGE: "TOO_LARGE",
  CONFLICT: "CONFLICT",
  TOO_MANY_REQUESTS: "RATE_LIMITED",
};

/** The one place that decides what of an error leaves the API. Stacks and unexpected messages stay inside. */
export function describeError(error: TRPCError): ErrorDescription {
  if (error.cause instanceof QuarterdeckError) {
    const { code, message, retryAfterMs } = error.cause;
    return { ...describe(code, message, null), retryAfterMs };
  }
  if (error.code === "BAD_REQUEST" && error.cause instanceof z.core.$ZodError) return describeInput(error.cause);
  const code = codesOfTrpc[error.code];
  if (code !== undefined) return describe(code, error.message, null);
  return describe("INTERNAL", "Something failed inside Quarterdeck; its log says what. Try again.", null);
}

function describeInput(error: z.core.$ZodError): ErrorDescription {
  const fields: Record<string, string> = {};
  for (const issue of error.issues) fields[issue.path.join(".")] ??= issue.message;
  const paths = Object.keys(fields);
  const isName = paths.length > 0 && paths.every((path) => path === "name" || path === "orgName");
  const message = Object.entries(fields)
    .map(([path, text]) => (path === "" || isName ? text : `${path}: ${text}`))
    .join(" ");
  return describe(isName ? "INVALID_NAME" : "BAD_REQUEST", message, fields);
}

function describe(code: ErrorCode, message: string, fields: ErrorDescription["fields"]): ErrorDescription {
  const { httpStatus, retryable } = errorRule(code);
  return { code, message, httpStatus, isRetryable: retryable, retryAfterMs: null, fields };
}
