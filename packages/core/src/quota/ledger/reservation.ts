import { refuse, type Refused } from "../../errors/result.ts";
import { isSameVector, type Vector } from "../amounts.ts";

/**
 * Where a reservation stands. `reserved`: promised. `committed`: in use. The others are ends: `voided` and `expired` gave
 * everything back, `settled` all but what was consumed.
 */
export const reservationStates = ["reserved", "committed", "voided", "expired", "settled"] as const;
export type ReservationState = (typeof reservationStates)[number];

/** A promise of amounts at one node, which counts there and at each ancestor. */
export interface Reservation {
  readonly id: string;
  readonly nodeId: string;
  readonly state: ReservationState;
  /** What was asked for. */
  readonly amounts: Vector;
  /** What of it counts now: all while it is open, what was consumed once it is settled, else nothing. */
  readonly held: Vector;
  /** From when `expire` ends it, if it is not committed or ended before. */
  readonly expiresAtMs: number | null;
}

/** What is asked of a ledger: amounts at a node, under an id that the caller made. */
export interface ReservationRequest {
  readonly id: string;
  readonly nodeId: string;
  readonly amounts: Vector;
  readonly expiresAtMs?: number | null;
}

/** Whether a transition happens, has happened already, or is refused. */
export type Judgement = "apply" | "done" | Refused;

/** Whether a reservation is neither settled, voided nor expired. */
export function isOpen({ state }: Pick<Reservation, "state">): boolean {
  return state === "reserved" || state === "committed";
}

/** A known id that is reserved again: the same reservation while it is open, and never another one. */
export function judgeRepeat(known: Reservation, asked: ReservationRequest): Judgement {
  const isSame =
    known.nodeId === asked.nodeId &&
    known.expiresAtMs === (asked.expiresAtMs ?? null) &&
    isSameVector(known.amounts, asked.amounts);
  if (!isSame) return refuse("CONFLICT", `${known.id} is another reservation already; use a new id`);
  return isOpen(known) ? "done" : alreadyEnded(known);
}

export function judgeCommit(known: Reservation): Judgement {
  if (known.state === "committed") return "done";
  return known.state === "reserved" ? "apply" : alreadyEnded(known);
}

/** Only what is not in use yet can be dropped. */
export function judgeVoid(known: Reservation): Judgement {
  if (known.state === "voided") return "done";
  if (known.state === "committed") return refuse("CONFLICT", `${known.id} is committed; settle it instead`);
  return known.state === "reserved" ? "apply" : alreadyEnded(known);
}

/** @param kept what was consumed of each resource */
export function judgeSettle(known: Reservation, kept: Vector): Judgement {
  if (known.state === "settled") {
    if (isSameVector(known.held, kept)) return "done";
    return refuse("CONFLICT", `${known.id} is settled already, with other amounts`);
  }
  if (!isOpen(known)) return alreadyEnded(known);
  for (let i = 0; i < kept.length; i++) {
    const isTooMuch = (kept[i] as number) > (known.amounts[i] as number);
    if (isTooMuch) return refuse("BAD_REQUEST", `${known.id} cannot keep more than it reserved`);
  }
  return "apply";
}

export function unknownReservation(id: string): Refused {
  return refuse("NOT_FOUND", `there is no reservation ${id}, or it ended so long ago that it was forgotten`);
}

function alreadyEnded({ id, state }: Reservation): Refused {
  return refuse("ALREADY_ENDED", `${id} is ${state} already`);
}
