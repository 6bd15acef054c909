import { errorRule, type ErrorCode } from "./codes.ts";

/**
 * An error that a user or a peer may be told: its code is in the table, its message says what happened, to what, and
 * what to do, and holds no secret. Everything else that is thrown is a bug and is shown as `INTERNAL` only.
 */
export class QuarterdeckError extends Error {
  override readonly name = "QuarterdeckError";
  readonly code: ErrorCode;
  /** After how many milliseconds the same may succeed, where that is known. */
  readonly retryAfterMs: number | null;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; retryAfterMs?: number }) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = options?.retryAfterMs ?? null;
  }

  /** Whether the same request may succeed later without being changed. */
  get isRetryable(): boolean {
    return errorRule(this.code).retryable;
  }
}
