import type { RunInput } from "@quarterdeck/core/protocol/run-input";
import { accept, refuse, type Result } from "@quarterdeck/core/errors/result";

/** Whose turn it is to type into a run. */
export interface InputTurns {
  readonly current: { readonly writer: string; readonly turn: string; readonly taken: number } | null;
  /** What the next writer begins with. It is used up by whoever begins first. */
  readonly next: string;
}

/** The turn that a writer's pieces must name. */
export function turnFor({ current, next }: InputTurns, writer: string): string {
  return current?.writer === writer ? current.turn : next;
}

/** Whether a piece was taken before; otherwise it must be the next of its writer, in its turn (PROTOCOL 13.2). */
export function isKnownPiece({ current }: InputTurns, { writer, seq }: RunInput): boolean {
  return current?.writer === writer && seq <= current.taken;
}

/** The turns after a piece that is new, or why it is not taken. What it says is not believed before it was opened. */
export function takeTurn(turns: InputTurns, piece: RunInput, freshTurn: string): Result<InputTurns> {
  const { current, next } = turns;
  const { writer, seq, turn } = piece;
  const isSame = current?.writer === writer;
  if (!isSame && seq !== 1) {
    const who = current ? "Somebody else types into this run now" : "The server's bridge was started again";
    return refuse("CONFLICT", `${who}; it is unknown what of the last input arrived. Begin anew.`);
  }
  if (isSame && seq !== current.taken + 1)
    return refuse("CONFLICT", `Piece ${seq} came before piece ${current.taken + 1}.`);
  if (turn !== turnFor(turns, writer))
    return refuse("CONFLICT", "It was typed in another turn than this writer's. Ask for the turn and begin anew.");
  if (isSame) return accept({ current: { ...current, taken: seq }, next });
  return accept({ current: { writer, turn: next, taken: seq }, next: freshTurn });
}
