import type { ErrorCode } from "@quarterdeck/core/errors/codes";
import type { Result } from "@quarterdeck/core/errors/result";
import type { RunId } from "@quarterdeck/core/ids";
import type { InputState, RunInput } from "@quarterdeck/core/protocol/run-input";
import { errorMessage, type Log } from "../log.ts";
import type { RunInputWriter } from "./run-input-writer.ts";

export type InputStateFrame = Omit<InputState, "epoch">;

interface OpenInput {
  readonly pipe: RunInputWriter;
  readonly writer: string;
  /** The newest piece that was taken, and the newest that the program has. */
  readonly taken: number;
  readonly written: number;
  /** Its last piece was taken. */
  readonly hasEnded: boolean;
}

interface RunInputsOptions {
  readonly open: (runId: RunId) => Result<RunInputWriter>;
  readonly isActive: (runId: RunId) => boolean;
  readonly send: (frame: InputStateFrame) => void;
  readonly log: Log;
}

/**
 * What viewers type into runs (PROTOCOL 13): each piece is taken once and in its order, from one writer of a run at a time, and
 * acknowledged when the program can read it. What was taken is not remembered over a restart of the bridge: a writer that was
 * under way is told so.
 */
export class RunInputs {
  readonly #options: RunInputsOptions;
  readonly #inputs = new Map<RunId, OpenInput>();

  constructor(options: RunInputsOptions) {
    this.#options = options;
  }

  take(piece: RunInput): void {
    const { runId, writer, seq } = piece;
    if (!this.#options.isActive(runId))
      return this.#refuse(piece, "ALREADY_ENDED", "This run is not running (any more).");
    if (piece.keyEpoch !== null)
      return this.#refuse(piece, "COMMAND_UNSUPPORTED", "This bridge takes no sealed input. Update it.");
    const known = this.#inputs.get(runId);
    const isSame = known?.writer === writer;
    if (seq === 0 || (isSame && seq <= known.taken)) return this.#answer(piece);
    if (!isSame && seq !== 1) {
      const who = known ? "Somebody else types into this run now" : "The server's bridge was started again";
      return this.#refuse(piece, "CONFLICT", `${who}; it is unknown what of the last input arrived. Begin anew.`);
    }
    if (isSame && seq !== known.taken + 1) {
      return this.#refuse(piece, "CONFLICT", `Piece ${seq} came before piece ${known.taken + 1}.`);
    }
    if (known?.hasEnded) return this.#refuse(piece, "ALREADY_ENDED", "The input of this run has ended.");
    const pipe = known ? { ok: true as const, value: known.pipe } : this.#openPipe(runId);
    if (!pipe.ok) return this.#refuse(piece, pipe.error.code as ErrorCode, pipe.error.message);
    const bytes = Buffer.from(piece.data, "base64");
    if (!pipe.value.hasRoom(bytes.length)) {
      return this.#refuse(piece, "RATE_LIMITED", "The program does not read its input fast enough.");
    }
    const written = isSame ? known.written : 0;
    this.#inputs.set(runId, { pipe: pipe.value, writer, taken: seq, written, hasEnded: piece.isEnd });
    pipe.value.write(bytes, (error) => this.#written(piece, error));
  }

  /** A run has ended: whoever types into it is told when the next piece comes. */
  ended(runId: RunId): void {
    this.#inputs.get(runId)?.pipe.close();
    this.#inputs.delete(runId);
  }

  close(): void {
    for (const runId of this.#inputs.keys()) this.ended(runId);
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
    const { runId, writer, seq, isEnd } = piece;
    if (error) return this.#refuse(piece, "ALREADY_ENDED", "The run ended before it read this.");
    const input = this.#inputs.get(runId);
    if (input?.writer === writer) this.#inputs.set(runId, { ...input, written: seq });
    this.#options.send({ type: "inputState", runId, writer, through: seq, code: null, message: null });
    if (isEnd) input?.pipe.end();
  }

  #answer(piece: RunInput): void {
    this.#say(piece, null, null);
  }

  #refuse(piece: RunInput, code: ErrorCode, message: string): void {
    this.#say(piece, code, message);
  }

  #say({ runId, writer }: RunInput, code: ErrorCode | null, message: string | null): void {
    const input = this.#inputs.get(runId);
    const through = input?.writer === writer ? input.written : 0;
    this.#options.send({ type: "inputState", runId, writer, through, code, message });
  }
}
