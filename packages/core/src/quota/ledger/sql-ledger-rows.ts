import * as z from "zod";
import { noLimit, type ResourceList, type Vector } from "../amounts.ts";
import type { Change, NodeRule } from "./ledger-change.ts";
import type { Drift, LedgerNode } from "./quota-ledger.ts";
import { reservationStates, type Reservation, type ReservationState } from "./reservation.ts";
import type { SqlRow } from "../sql-statement.ts";

const amountsSchema = z.array(z.number());
const ruleSchema = z.object({ parentId: z.string().nullable(), limit: z.array(z.number().nullable()) });

/** Reads the rows of a ledger's tables. What is not of their shape is a bug, and throws. */
export class SqlLedgerRows {
  readonly #resources: ResourceList<string>;

  constructor(resources: ResourceList<string>) {
    this.#resources = resources;
  }

  reservation(row: SqlRow): Reservation {
    const expiresAtMs = row["expires_at_ms"];
    return {
      id: readText(row, "id"),
      nodeId: readText(row, "node_id"),
      state: readState(row, "state"),
      amounts: this.vector(row, "amount"),
      held: this.vector(row, "held"),
      expiresAtMs: expiresAtMs === null ? null : readNumber(row, "expires_at_ms"),
    };
  }

  node(row: SqlRow): LedgerNode {
    const parentId = row["parent_id"];
    return {
      id: readText(row, "id"),
      parentId: parentId === null ? null : readText(row, "parent_id"),
      limit: this.vector(row, "limit"),
      held: this.vector(row, "held"),
    };
  }

  drift(row: SqlRow): Drift {
    return {
      nodeId: readText(row, "id"),
      counted: this.vector(row, "held"),
      reserved: this.vector(row, "reserved"),
    };
  }

  change(row: SqlRow): Change {
    const base = { seq: readNumber(row, "seq"), nodeId: readText(row, "node_id") };
    const what = readText(row, "what");
    if (row["reservation_id"] === null) {
      const before = readRule(row, "before");
      const after = readRule(row, "after");
      if (what === "added" || what === "limited" || what === "moved" || what === "removed") {
        return { ...base, what, before, after };
      }
      throw new TypeError(`there is no change ${what} of a node`);
    }
    return {
      ...base,
      what: readState(row, "what"),
      reservationId: readText(row, "reservation_id"),
      before: Float64Array.from(amountsSchema.parse(JSON.parse(readText(row, "before")))),
      after: Float64Array.from(amountsSchema.parse(JSON.parse(readText(row, "after")))),
    };
  }

  /** The columns of one kind; NULL is no limit. */
  vector(row: SqlRow, prefix: string): Vector {
    return Float64Array.from(this.#resources.names, (name) => {
      const column = `${prefix}_${name}`;
      return row[column] === null ? noLimit : readNumber(row, column);
    });
  }
}

/** A limit as it is stored. */
export function storedLimit(limit: number): number | null {
  return limit === noLimit ? null : limit;
}

function readRule(row: SqlRow, column: string): NodeRule | null {
  if (row[column] === null) return null;
  const { parentId, limit } = ruleSchema.parse(JSON.parse(readText(row, column)));
  return { parentId, limit: Float64Array.from(limit, (amount) => amount ?? noLimit) };
}

function readState(row: SqlRow, column: string): ReservationState {
  const text = readText(row, column);
  const state = reservationStates.find((each) => each === text);
  if (state === undefined) throw new TypeError(`there is no state ${text}`);
  return state;
}

function readText(row: SqlRow, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new TypeError(`column ${column} holds no text`);
  return value;
}

export function readNumber(row: SqlRow, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new TypeError(`column ${column} holds no number`);
  return value;
}
