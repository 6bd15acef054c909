import { errorCodes, errorRule, type ErrorCode } from "@quarterdeck/core/errors/codes";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { TRPCClientError } from "@trpc/client";

/** What went wrong with a call, in the product's own codes. `UNREACHABLE`: no answer came at all. */
export interface ApiError {
  readonly code: ErrorCode | "UNREACHABLE";
  /** The platform's words, for people; empty when no answer came. */
  readonly message: string;
  /** What is wrong with which field of a form, by its path. */
  readonly fields: Readonly<Record<string, string>>;
  /** After how many milliseconds the same may succeed; 0 where the platform does not say. */
  readonly retryAfterMs: number;
}

/** How Chromium, Firefox and Safari say that the code of a page could not be fetched. */
const missingChunk = /dynamically imported module|importing a module script failed/i;

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(errorCodes, code);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function fieldsOf(data: unknown): Record<string, string> {
  if (!isRecord(data) || !isRecord(data["fields"])) return {};
  return Object.fromEntries(
    Object.entries(data["fields"]).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function retryAfterOf(data: unknown): number {
  const retryAfterMs = isRecord(data) ? data["retryAfterMs"] : 0;
  return typeof retryAfterMs === "number" ? retryAfterMs : 0;
}

/** Reads whatever a call threw. Every error of the API passes through here. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof TRPCClientError) {
    const data: unknown = error.data;
    const code = isRecord(data) ? data["code"] : undefined;
    if (isErrorCode(code)) {
      return { code, message: error.message, fields: fieldsOf(data), retryAfterMs: retryAfterOf(data) };
    }
    // Without data no tRPC answer came: a network error, or a proxy that answered for a platform that is down.
    return { code: "UNREACHABLE", message: "", fields: {}, retryAfterMs: 0 };
  }
  if (error instanceof TypeError && missingChunk.test(error.message))
    return { code: "UNREACHABLE", message: "", fields: {}, retryAfterMs: 0 };
  if (error instanceof QuarterdeckError)
    return { code: error.code, message: error.message, fields: {}, retryAfterMs: error.retryAfterMs ?? 0 };
  return {
    code: "INTERNAL",
    message: error instanceof Error ? error.message : String(error),
    fields: {},
    retryAfterMs: 0,
  };
}

export function isRetryable(error: unknown): boolean {
  const { code } = toApiError(error);
  return code === "UNREACHABLE" || errorRule(code).retryable;
}
