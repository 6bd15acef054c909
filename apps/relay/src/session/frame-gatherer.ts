import { limits } from "@quarterdeck/core/protocol/limits";

const gatherFor = limits.batchGatherMs;

/**
 * What goes to one viewer: a frame that comes alone goes at once, and what follows it within a moment goes together. Ask
 * with `isHolding` whether `take` must be called after `limits.batchGatherMs`.
 */
export class FrameGatherer {
  #gathersUntilMs = Number.NEGATIVE_INFINITY;
  #held: string[] = [];
  #length = 0;

  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** The viewer said something and waits for what comes of it: the next frame goes at once, however soon it comes. */
  expectAnswer(): void {
    if (!this.isHolding) this.#gathersUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** Takes a frame's text. Returns the groups of texts that must go out now, each as one message. */
  offer(text: string, nowMs: number): string[][] {
    // A moment that ends too far ahead is left from before the clock stepped back.
    const isQuiet = nowMs >= this.#gathersUntilMs || this.#gathersUntilMs - nowMs > gatherFor;
    if (isQuiet && !this.isHolding) {
      this.#gathersUntilMs = nowMs + gatherFor;
      return [[text]];
    }
    const isFull = this.#held.length === limits.batchFrames || this.#length + text.length > limits.batchLength;
    const groups = isFull ? this.take(nowMs) : [];
    this.#held.push(text);
    this.#length += text.length;
    return groups;
  }

  /** Hands out what is held; frames that follow at once are gathered again. */
  take(nowMs: number): string[][] {
    if (!this.isHolding) return [];
    const group = this.#held;
    this.#held = [];
    this.#length = 0;
    this.#gathersUntilMs = nowMs + gatherFor;
    return [group];
  }
}

/** One message of several frames' texts. */
export function batchText(texts: readonly string[]): string {
  return texts.length === 1 ? (texts[0] ?? "") : `{"type":"batch","frames":[${texts.join(",")}]}`;
}
