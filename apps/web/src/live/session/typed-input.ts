import type { RunId } from "@quarterdeck/core/ids";
import { sealedOverheadBytes } from "@quarterdeck/core/protocol/content-format";
import type { InputPlace } from "@quarterdeck/core/protocol/input-sealing";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { InputState, RunInput } from "@quarterdeck/core/protocol/run-input";

/** A piece as it was typed: only the shell has the keys and the time to seal it. */
export interface ClearPiece {
  readonly place: InputPlace;
  readonly keyEpoch: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Everything that typing asks of its shell, in this order. */
export type InputEffect =
  | { readonly type: "send"; readonly frame: RunInput }
  /** Seal this piece and send it, after everything that came before. */
  | { readonly type: "seal"; readonly piece: ClearPiece }
  /** The program can read so many more bytes. */
  | { readonly type: "typed"; readonly bytes: number }
  /** Nothing more is taken; what was not typed yet is given back, and the user decides. */
  | { readonly type: "stopped"; readonly code: string; readonly message: string };

interface Piece {
  readonly seq: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly isEnd: boolean;
}

type Phase = "away" | "asking" | "open" | "pausing" | "stopped";

/** The most clear bytes of a piece. */
const pieceBytes = Math.floor(limits.inputChunkLength / 4) * 3 - sealedOverheadBytes;
const sealedLength = ({ bytes }: Piece) => Math.ceil((bytes.length + sealedOverheadBytes) / 3) * 4;
/** One place in the window stays free, to ask. */
const piecesInFlight = limits.inputInFlight - 1;

const conflict = {
  code: "CONFLICT",
  message:
    "Somebody else types into this run now, or the server's bridge was started again; it is unknown what of the last input arrived.",
};
/** They pass by themselves. */
const passing: readonly string[] = ["NOT_READY", "RATE_LIMITED", "SERVER_OFFLINE"];
/** Refusals of pieces. The answer to a question is none of them, so they are of what was sent before it. */
const ofPieces: readonly string[] = ["NOT_READY", "RATE_LIMITED", "CONFLICT", "CONTENT_UNREADABLE"];

/**
 * One writer's typing into one run: events in, effects out, no I/O (PROTOCOL 13). It asks for its turn, sends within the window,
 * and sends again what was not answered; where that could type something twice, it stops instead.
 */
export class TypedInput {
  readonly #runId: RunId;
  readonly #writer: string;
  #phase: Phase = "away";
  #turn: { readonly id: string; readonly keyEpoch: number } | null = null;
  #pieces: readonly Piece[] = [];
  #made = 0;
  #sent = 0;
  #through = 0;
  #isClosed = false;

  /** @param writer a name that no other beginning has */
  constructor(runId: RunId, writer: string) {
    this.#runId = runId;
    this.#writer = writer;
  }

  get isStopped(): boolean {
    return this.#phase === "stopped";
  }

  /** Types some bytes. After the end nothing more is taken. */
  type(bytes: Uint8Array, isEnd = false): InputEffect[] {
    if (this.#isClosed) return [];
    this.#isClosed = isEnd;
    for (let start = 0; start < bytes.length || (isEnd && start === 0); start += pieceBytes) {
      const part = bytes.slice(start, start + pieceBytes);
      const isLast = start + pieceBytes >= bytes.length;
      this.#pieces = [...this.#pieces, { seq: ++this.#made, bytes: part, isEnd: isEnd && isLast }];
    }
    return this.#flow();
  }

  /** The connection is open, with a ticket to type into the run, and the server is there. */
  connected(): InputEffect[] {
    return this.#phase === "stopped" ? [] : this.#ask();
  }

  disconnected(): void {
    if (this.#phase !== "stopped") this.#phase = "away";
  }

  /** Some time passed: what was refused for the moment is tried again. */
  tick(): InputEffect[] {
    return this.#phase === "pausing" ? this.#ask() : [];
  }

  /** The bridge, or the relay for it, said where a writer stands. */
  answered(state: InputState): InputEffect[] {
    const isMine = state.runId === this.#runId && state.writer === this.#writer;
    if (!isMine || this.#phase === "stopped" || this.#phase === "away") return [];
    if (state.code !== null) return this.#refused(state.code, state.message ?? "");
    const typed = this.#advance(state.through);
    if (this.#phase === "asking" && state.turn !== null) return [...typed, ...this.#begin(state.turn)];
    return [...typed, ...this.#flow()];
  }

  #ask(): InputEffect[] {
    this.#phase = "asking";
    const place = { runId: this.#runId, writer: this.#writer, seq: 0, turn: null, isEnd: false };
    return [{ type: "send", frame: { type: "input", ...place, data: "" } }];
  }

  /** A new turn after something was sent in another: what of that arrived, nobody knows. */
  #begin(turn: { readonly id: string; readonly keyEpoch: number }): InputEffect[] {
    if (this.#sent > 0 && this.#turn?.id !== turn.id) return this.#stop(conflict);
    this.#turn = turn;
    this.#phase = "open";
    this.#sent = this.#through;
    return this.#flow();
  }

  #refused(code: string, message: string): InputEffect[] {
    if (this.#phase !== "open" && ofPieces.includes(code)) return [];
    if (!passing.includes(code)) return this.#stop({ code, message });
    this.#phase = "pausing";
    return [];
  }

  #stop(why: { readonly code: string; readonly message: string }): InputEffect[] {
    this.#phase = "stopped";
    return [{ type: "stopped", ...why }];
  }

  #advance(through: number): InputEffect[] {
    if (through <= this.#through || through > this.#sent) return [];
    const gone = this.#pieces.filter(({ seq }) => seq <= through);
    this.#pieces = this.#pieces.slice(gone.length);
    this.#through = through;
    return [{ type: "typed", bytes: gone.reduce((sum, { bytes }) => sum + bytes.length, 0) }];
  }

  /** Sends what the window allows. */
  #flow(): InputEffect[] {
    const turn = this.#turn;
    if (this.#phase !== "open" || turn === null) return [];
    const effects: InputEffect[] = [];
    let length = this.#pieces.filter(({ seq }) => seq <= this.#sent).reduce((sum, one) => sum + sealedLength(one), 0);
    for (const piece of this.#pieces.filter(({ seq }) => seq > this.#sent)) {
      length += sealedLength(piece);
      if (piece.seq - this.#through > piecesInFlight || length > limits.inputInFlightBytes) break;
      const { seq, bytes, isEnd } = piece;
      const place = { runId: this.#runId, writer: this.#writer, turn: turn.id, seq, isEnd };
      effects.push({ type: "seal", piece: { place, keyEpoch: turn.keyEpoch, bytes } });
      this.#sent = seq;
    }
    return effects;
  }
}
