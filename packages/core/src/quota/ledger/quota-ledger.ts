import { refuse, type Refused, type Result } from "../../errors/result.ts";
import { mostHeld, type ResourceList, type Vector } from "../amounts.ts";
import type { Change } from "./ledger-change.ts";
import type { Shortage } from "../quota-tree.ts";
import type { Reservation, ReservationRequest } from "./reservation.ts";

/** A node as a ledger shows it. */
export interface LedgerNode {
  readonly id: string;
  readonly parentId: string | null;
  readonly limit: Vector;
  /** What the reservations here and below hold. */
  readonly held: Vector;
}

/** A node whose counter is not what its reservations hold. */
export interface Drift {
  readonly nodeId: string;
  readonly counted: Vector;
  readonly reserved: Vector;
}

/**
 * Promises of amounts over a tree of nodes with limits. It promises:
 *
 * - A reservation counts at its node and at each ancestor, or at none. No increase ends above a limit, at any of them, nor
 *   above 2^53 - 1. What asks for nothing of a resource always fits.
 * - What a node holds is what its own reservations and its children hold.
 * - Each reservation is resolved once. The same call again gives the same answer and changes nothing; the same id with other
 *   contents is a `CONFLICT`; resolving what ended otherwise is `ALREADY_ENDED`. Nothing is given back twice.
 * - A refused call changes nothing.
 * - Nothing changes without a record (`changes`).
 * - Time only comes in with `expire`, and only ends what is overdue then: a clock that goes back changes nothing.
 *
 * Amounts are vectors of one {@link ResourceList}; others are refused as `BAD_REQUEST`. Vectors that go in or come out are not
 * to be changed by anybody.
 *
 * What `settle` keeps is consumed for good and stays held. Resources that are only held while something runs keep nothing.
 */
export interface QuotaLedger {
  /** Adds a node. @returns `CONFLICT` when the id has another parent or limit, `NOT_FOUND` when the parent is unknown */
  addNode(node: { id: string; parentId: string | null; limit: Vector }): Result<LedgerNode>;
  /** Sets a limit. Below what is held is legal: nothing is taken away, and no more fits. */
  setLimit(nodeId: string, limit: Vector): Result<LedgerNode>;
  /**
   * Puts a node and all below it under another parent, with what they hold.
   *
   * @returns `BAD_REQUEST` when that would make a cycle, `QUOTA_EXCEEDED` when it does not fit where it is counted anew
   */
  moveNode(nodeId: string, parentId: string): Result<LedgerNode>;
  /** Takes out a node. @returns `CONFLICT` while it has children or holds something */
  removeNode(nodeId: string): Result<null>;
  findNode(nodeId: string): LedgerNode | null;

  /** @returns `QUOTA_EXCEEDED` with the lowest node that has too little, and of what; `NOT_FOUND` when there is no such node */
  reserve(request: ReservationRequest): Result<Reservation>;
  /** Says that what was promised is in use: it does not expire any more. */
  commit(id: string): Result<Reservation>;
  /** Gives back a promise that was not used. @returns `CONFLICT` when it is committed */
  void(id: string): Result<Reservation>;
  /**
   * Ends a reservation: `kept` was consumed and stays held, the rest comes back.
   *
   * @param kept at most what was reserved, and nothing of what is not consumable; without it, consumables keep everything
   */
  settle(id: string, kept?: Vector): Result<Reservation>;
  /** Ends the promises that are overdue. @returns those, the earliest first */
  expire(nowMs: number): readonly Reservation[];
  findReservation(id: string): Reservation | null;

  /** The records after `seq`, oldest first, as far as they are still kept; their numbers have no holes. */
  changes(afterSeq: number): readonly Change[];
  /** Adds up the reservations and compares them with the counters. Repairs nothing. */
  reconcile(): readonly Drift[];
}

/** What a ledger counts. */
export interface LedgerOptions {
  readonly resources: ResourceList<string>;
  /** Those that can be used up; the others are only held for a while. */
  readonly consumables?: readonly string[];
}

/** How much of each resource a node holds above its limit, since that was lowered. */
export function overdraft({ limit, held }: Pick<LedgerNode, "limit" | "held">): Vector {
  return held.map((amount, i) => Math.max(0, amount - (limit[i] as number)));
}

/** Checks a request as far as that needs no ledger. */
export function checkRequest({ resources }: LedgerOptions, request: ReservationRequest): Refused | null {
  const checked = resources.checkVector(request.amounts);
  if (!checked.ok) return checked;
  const expiresAtMs = request.expiresAtMs ?? null;
  if (expiresAtMs === null || Number.isSafeInteger(expiresAtMs)) return null;
  return refuse("BAD_REQUEST", `${request.id} cannot expire at ${expiresAtMs}; give whole milliseconds`);
}

/** Checks what a reservation is to keep as far as that needs no ledger. */
export function checkKept({ resources, consumables = [] }: LedgerOptions, kept: Vector): Refused | null {
  const checked = resources.checkVector(kept);
  if (!checked.ok) return checked;
  const name = resources.names.find((each, i) => (kept[i] as number) > 0 && !consumables.includes(each));
  return name === undefined ? null : refuse("BAD_REQUEST", `${name} is not consumable, so none of it can be kept`);
}

/** What a reservation keeps when nobody says how much was consumed. */
export function keptByDefault({ resources, consumables = [] }: LedgerOptions, amounts: Vector): Vector {
  return amounts.map((amount, i) => (consumables.includes(resources.names[i] as string) ? amount : 0));
}

/** Says what is short where. */
export function shortageRefusal({ resources }: LedgerOptions, { node, resource }: Shortage, demand: Vector): Refused {
  const limit = node.limit[resource] as number;
  const free = Math.max(0, Math.min(limit, mostHeld) - (node.held[resource] as number));
  const of = Number.isFinite(limit) ? `${free} of ${limit}` : `${free}`;
  const name = resources.names[resource] as string;
  return refuse("QUOTA_EXCEEDED", `${name}: ${demand[resource]} asked, ${of} free in ${node.id}`);
}
