import type { Vector } from "../amounts.ts";
import type { Reservation, ReservationState } from "./reservation.ts";

/** Where a node stands in the tree, and what it may hold. */
export interface NodeRule {
  readonly parentId: string | null;
  readonly limit: Vector;
}

/** A reservation came into this state; what the node that it is of held before and after. Each ancestor changed by as much. */
export interface ReservationChange {
  readonly seq: number;
  readonly what: ReservationState;
  readonly nodeId: string;
  readonly reservationId: string;
  readonly before: Vector;
  readonly after: Vector;
}

/** A node was added (before: null), removed (after: null), moved or given another limit. */
export interface NodeChange {
  readonly seq: number;
  readonly what: "added" | "limited" | "moved" | "removed";
  readonly nodeId: string;
  readonly before: NodeRule | null;
  readonly after: NodeRule | null;
}

/** The record of one change. Records are numbered from 1, without holes. */
export type Change = ReservationChange | NodeChange;

/**
 * The newest changes, as many as it has places. What the nodes held is written into one array, so that a record costs no
 * allocation.
 */
export class ChangeRing {
  readonly #size: number;
  readonly #width: number;
  readonly #amounts: Float64Array;
  readonly #states: ReservationState[];
  readonly #reservations: (Reservation | null)[];
  readonly #nodeChanges: (NodeChange | null)[];
  #last = 0;

  /** @param width how many resources there are */
  constructor(size: number, width: number) {
    if (!Number.isSafeInteger(size) || size < 1) throw new RangeError(`a ring cannot have ${size} places`);
    this.#size = size;
    this.#width = width;
    this.#amounts = new Float64Array(size * width * 2);
    this.#states = Array.from({ length: size }, () => "reserved" as const);
    this.#reservations = Array.from({ length: size }, () => null);
    this.#nodeChanges = Array.from({ length: size }, () => null);
  }

  /**
   * Begins the record of a reservation's change, before its node changes; {@link end} completes it.
   *
   * @returns the reservation the record of whose end had to go for this one
   */
  begin(state: ReservationState, reservation: Reservation, held: Vector): Reservation | null {
    const place = this.#last % this.#size;
    const gone = this.#endedAt(place);
    this.#states[place] = state;
    this.#reservations[place] = reservation;
    this.#nodeChanges[place] = null;
    const start = place * this.#width * 2;
    for (let i = 0; i < this.#width; i++) this.#amounts[start + i] = held[i] as number;
    this.#last++;
    return gone;
  }

  end(held: Vector): void {
    const start = (((this.#last - 1) % this.#size) * 2 + 1) * this.#width;
    for (let i = 0; i < this.#width; i++) this.#amounts[start + i] = held[i] as number;
  }

  /** Records the change of a node. @returns as {@link begin} does */
  note(change: Omit<NodeChange, "seq">): Reservation | null {
    const place = this.#last % this.#size;
    const gone = this.#endedAt(place);
    this.#reservations[place] = null;
    this.#last++;
    this.#nodeChanges[place] = { seq: this.#last, ...change };
    return gone;
  }

  /** Those after `seq`, oldest first, as far as they are still here. */
  after(seq: number): Change[] {
    const changes: Change[] = [];
    for (let next = Math.max(seq, this.#last - this.#size, 0) + 1; next <= this.#last; next++) {
      changes.push(this.#read(next));
    }
    return changes;
  }

  #endedAt(place: number): Reservation | null {
    const state = this.#states[place];
    return state === "reserved" || state === "committed" ? null : (this.#reservations[place] ?? null);
  }

  #read(seq: number): Change {
    const place = (seq - 1) % this.#size;
    const nodeChange = this.#nodeChanges[place];
    if (nodeChange) return nodeChange;
    const { id, nodeId } = this.#reservations[place] as Reservation;
    const start = place * this.#width * 2;
    return {
      seq,
      what: this.#states[place] as ReservationState,
      nodeId,
      reservationId: id,
      before: this.#amounts.slice(start, start + this.#width),
      after: this.#amounts.slice(start + this.#width, start + this.#width * 2),
    };
  }
}
