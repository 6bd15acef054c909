import type { ErrorCode } from "./codes.ts";

/** A refusal: what can happen and is not a bug. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

/** The result of what was refused. */
export interface Refused {
  readonly ok: false;
  readonly error: Refusal;
}

/** What a function of core returns when it can be refused: a value, or the refusal. */
export type Result<T> = { readonly ok: true; readonly value: T } | Refused;

export function accept<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function refuse(code: ErrorCode, message: string): Refused {
  return { ok: false, error: { code, message } };
}
