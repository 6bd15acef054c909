import type { RunId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import { secondMs } from "@quarterdeck/core/units";
import { OutputAssembler, type OutputPiece } from "./output-assembler.ts";
import type { ViewerEffect } from "./viewer-events.ts";

/** How long to wait for missing bytes before they are asked for once more from the same offset. */
const askAgainMs = 2 * secondMs;

/** One run whose output this viewer wants: what has arrived, what was acknowledged, what was asked for. */
export class WatchedRun {
  readonly runId: RunId;
  readonly #output: OutputAssembler;
  #acknowledged: number;
  #asked: { readonly offset: number; readonly atMs: number } | null = null;

  constructor(runId: RunId, fromOffset: number) {
    this.runId = runId;
    this.#output = new OutputAssembler(fromOffset);
    this.#acknowledged = fromOffset;
  }

  get hasEnded(): boolean {
    return this.#output.hasEnded;
  }

  /** Whether this connection was asked for the output. */
  get isAsked(): boolean {
    return this.#asked !== null;
  }

  /** Asks for everything from the first byte that is missing. */
  ask(nowMs: number): ViewerEffect[] {
    const fromOffset = this.#output.nextOffset;
    this.#asked = { offset: fromOffset, atMs: nowMs };
    this.#acknowledged = fromOffset;
    return [{ type: "send", frame: { type: "watchOutput", runId: this.runId, fromOffset } }];
  }

  connectionLost(): void {
    this.#asked = null;
  }

  accept(piece: OutputPiece, nowMs: number): ViewerEffect[] {
    const assembled = this.#output.accept(piece);
    switch (assembled.kind) {
      case "known":
        return [];
      case "missing":
        return this.#askAgain(nowMs);
      case "new": {
        const { bytes, isEnd } = assembled;
        return [{ type: "output", runId: this.runId, bytes, isEnd }, ...this.#acknowledge(isEnd)];
      }
    }
  }

  /** What comes cannot be opened, and asking again would bring the same. */
  giveUp(reason: string): ViewerEffect[] {
    if (this.#output.hasEnded) return [];
    this.#output.end();
    const { runId } = this;
    return [
      { type: "unreadable", runId, reason },
      ...(this.isAsked ? [{ type: "send", frame: { type: "unwatchOutput", runId } } as const] : []),
    ];
  }

  /** The bytes up to `toOffset` (or all that were to come) exist nowhere any more. */
  skip(fromOffset: number, toOffset: number | null): ViewerEffect[] {
    if (this.#output.hasEnded || (toOffset !== null && toOffset <= this.#output.nextOffset)) return [];
    if (toOffset === null) this.#output.end();
    else this.#output.skipTo(toOffset);
    return [{ type: "gap", runId: this.runId, fromOffset, toOffset }];
  }

  /** Pieces that were on their way when one was lost all point at the same gap: it is asked for once. */
  #askAgain(nowMs: number): ViewerEffect[] {
    const asked = this.#asked;
    if (asked === null) return []; // It was opened after its connection was lost; the next one is asked for all.
    if (asked.offset === this.#output.nextOffset && nowMs - asked.atMs < askAgainMs) return [];
    return this.ask(nowMs);
  }

  #acknowledge(isEnd: boolean): ViewerEffect[] {
    const offset = this.#output.nextOffset;
    if (!isEnd && offset - this.#acknowledged < limits.viewerAckBytes) return [];
    this.#acknowledged = offset;
    return [{ type: "send", frame: { type: "ackOutput", runId: this.runId, offset } }];
  }
}
