import type { Capabilities } from "@quarterdeck/core/protocol/capabilities";

interface ToldConditionOptions {
  readonly isFull: () => boolean;
  /** `false` when there is nobody who hears it. */
  readonly send: (frame: { readonly type: "condition"; readonly blocked: "DISK_FULL" | null }) => boolean;
}

/**
 * Sees to it that the relay ends up with the truth about whether commands are taken (PROTOCOL 12.1): what changes between a
 * hello and its welcome can be said to nobody at that moment.
 */
export class ToldCondition {
  readonly #options: ToldConditionOptions;
  #isToldFull = false;

  constructor(options: ToldConditionOptions) {
    this.#options = options;
  }

  /** What a hello says of it. */
  forHello(): Pick<Capabilities, "blocked"> {
    this.#isToldFull = this.#options.isFull();
    return this.#isToldFull ? { blocked: "DISK_FULL" } : {};
  }

  /** It may not be any more what the relay was told. */
  tell(): void {
    const isFull = this.#options.isFull();
    if (isFull === this.#isToldFull) return;
    if (this.#options.send({ type: "condition", blocked: isFull ? "DISK_FULL" : null })) this.#isToldFull = isFull;
  }
}
