import { randomBytes } from "node:crypto";
import type { ErrorCode } from "@quarterdeck/core/errors/codes";
import { accept, refuse, type Result } from "@quarterdeck/core/errors/result";
import type { RunId } from "@quarterdeck/core/ids";
import type { InputState, RunInput } from "@quarterdeck/core/protocol/run-input";
import { errorMessage, type Log } from "../log.ts";
import type { InputOpener } from "../sealing/input-opener.ts";
import { isKnownPiece, takeTurn, turnFor, type InputTurns } from "./input-turns.ts";
import type { RunInputWriter } from "./run-input-writer.ts";

export type InputStateFrame = Omit<InputState, "epoch">;

interface RunInputOf {
  readonly opener: InputOpener;
  readonly turns: InputTurns;
  /** Null until the first piece is taken. */
  readonly pipe: RunInputWriter | null;
  /** The newest piece of the current writer that the program has. */
  readonly written: number;
  /** Its last piece was taken. */
  readonly hasEnded: boolean;
}

interface RunInputsOptions {
  readonly open: (runId: RunId) => Result<RunInputWriter>;
  readonly findOpener: (runId: RunId) => InputOpener | undefined;
  readonly isActive: (runId: RunId) => boolean;
  readonly send: (frame: InputStateFrame) => void;
  readonly log: Log;
}

/**
 * What viewers type into runs (PROTOCOL 13): each piece is opened, taken once and in its order, from one writer of a run at a
 * time, and acknowledged when the program can read it. What was taken is not remembered over a restart of the bridge: then all
 * turns are over, and a writer that was under way is told so.
 */
export class RunInputs {
  readonly #options: RunInputsOptions;
  readonly #inputs = new Map<RunId, RunInputOf>();

  constructor(options: RunInputsOptions) {
    this.#options = options;
  }

  take(piece: RunInput): void {
    const { runId, seq, isEnd } = piece;
    if (!this.#options.isActive(runId))
      return this.#refuse(piece, "ALREADY_ENDED", "This run is not running (any more).");
    const input = this.#inputs.get(runId) ?? this.#begin(runId);
    if (!input) return this.#refuse(piece, "NOT_FOUND", "This run takes no input.");
    if (seq === 0 || isKnownPiece(input.turns, piece)) return this.#say(piece, null, null);
    const taken = this.#judge(input, piece);
    if (!taken.ok) return this.#refuse(piece, taken.error.code, taken.error.message);
    const { turns, pipe, bytes } = taken.value;
    const written = turns.current?.turn === input.turns.current?.turn ? input.written : 0;
    this.#inputs.set(runId, { ...input, turns, pipe, written, hasEnded: isEnd });
    pipe.write(bytes, (error) => this.#written(piece, error));
  }

  /** A run has ended: whoever types into it is told when the next piece comes. */
  ended(runId: RunId): void {
    this.#inputs.get(runId)?.pipe?.close();
    this.#inputs.delete(runId);
  }

  close(): void {
    for (const runId of this.#inputs.keys()) this.ended(runId);
  }

  #begin(runId: RunId): RunInputOf | undefined {
    const opener = this.#options.findOpener(runId);
    if (!opener) return undefined;
    const turns = { current: null, next: freshTurn() };
    const input = { opener, turns, pipe: null, written: 0, hasEnded: false };
    this.#inputs.set(runId, input);
    return input;
  }

  /** Whether a piece is taken: everything that it could be refused for, before anything changes. */
  #judge(
    input: RunInputOf,
    piece: RunInput,
  ): Result<{ readonly turns: InputTurns; readonly pipe: RunInputWriter; readonly bytes: Buffer }> {
    const turns = takeTurn(input.turns, piece, freshTurn());
    if (!turns.ok) return turns;
    const opened = input.opener.open(piece);
    if (!opened.ok) return opened;
    if (input.hasEnded) return refuse("ALREADY_ENDED", "The input of this run has ended.");
    const pipe = input.pipe ? accept(input.pipe) : this.#openPipe(piece.runId);
    if (!pipe.ok) return pipe;
    if (pipe.value.hasRoom(opened.value.length))
      return accept({ turns: turns.value, pipe: pipe.value, bytes: opened.value });
    return refuse("RATE_LIMITED", "The program does not read its input fast enough.");
  }

  #openPipe(runId: RunId): Result<RunInputWriter> {
    const opened = this.#options.open(runId);
    if (opened.ok) {
      opened.value.onError((error) => {
        this.#options.log.warn("the input of a run failed", { runId, reason: errorMessage(error) });
        this.ended(runId);
      });
    }
    return opened;
  }

  #written(piece: RunInput, error: Error | null | undefined): void {
    const { runId, writer, turn, seq, isEnd } = piece;
    if (error) return this.#refuse(piece, "ALREADY_ENDED", "The run ended before it read this.");
    const input = this.#inputs.get(runId);
    if (input?.turns.current?.turn === turn) this.#inputs.set(runId, { ...input, written: seq });
    this.#options.send({ type: "inputState", runId, writer, through: seq, turn: null, code: null, message: null });
    if (isEnd) input?.pipe?.end();
  }

  #refuse(piece: RunInput, code: ErrorCode, message: string): void {
    this.#say(piece, code, message);
  }

  #say({ runId, writer }: RunInput, code: ErrorCode | null, message: string | null): void {
    const input = this.#inputs.get(runId);
    const through = input?.turns.current?.writer === writer ? input.written : 0;
    const turn = input ? { id: turnFor(input.turns, writer), keyEpoch: input.opener.keyEpoch } : null;
    this.#options.send({ type: "inputState", runId, writer, through, turn, code, message });
  }
}

/** Nobody can know it before it was asked for, nor use it again after a restart. */
function freshTurn(): string {
  return randomBytes(16).toString("base64url");
}
