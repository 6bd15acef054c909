import type { ErrorCode } from "@quarterdeck/core/errors/codes";
import type { Refusal } from "@quarterdeck/core/errors/result";

/** The helper does not do what it was asked; nothing has happened. */
export class HostRefused extends Error {
  override readonly name = "HostRefused";
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

export function refuseHost(code: ErrorCode, message: string): never {
  throw new HostRefused({ code, message });
}
