import type { QuotaLedger } from "../src/quota/ledger/quota-ledger.ts";
import { ResourceList } from "../src/quota/amounts.ts";
import type { SqlLedger } from "../src/quota/ledger/sql-ledger.ts";
import type { SqlSteps } from "../src/quota/sql-statement.ts";

// One call of a ledger as data, so that a history can be made at random and sent to where the ledger is.

/** Amounts of a vector; as text those that JSON does not know. */
type Amounts = readonly (number | string)[];

export type LedgerOperation =
  | { readonly kind: "addNode"; readonly id: string; readonly parentId: string | null; readonly limit: Amounts }
  | { readonly kind: "setLimit"; readonly id: string; readonly limit: Amounts }
  | { readonly kind: "moveNode"; readonly id: string; readonly parentId: string }
  | {
      readonly kind: "reserve";
      readonly id: string;
      readonly nodeId: string;
      readonly amounts: Amounts;
      readonly expiresAtMs?: number | null;
    }
  | { readonly kind: "settle"; readonly id: string; readonly kept?: Amounts | undefined }
  | { readonly kind: "removeNode" | "findNode" | "commit" | "void" | "findReservation"; readonly id: string }
  | { readonly kind: "expire"; readonly nowMs: number }
  | { readonly kind: "changes"; readonly after: number }
  | { readonly kind: "reconcile" };

/** An answer without vectors: they are lists, in which no limit is `none`. */
export type PlainAnswer = unknown;

/** What the contract's ledgers count; tokens are used up. */
export const contractOptions = {
  resources: new ResourceList(["cpu", "memory", "tokens"]),
  consumables: ["tokens"],
} as const;

/** Calls a ledger that answers at once. */
export function perform(ledger: QuotaLedger, operation: LedgerOperation): PlainAnswer {
  return plain(callOf(ledger, operation));
}

/** The steps of the same call for one in SQL. */
export function* performSteps(ledger: SqlLedger, operation: LedgerOperation): SqlSteps<PlainAnswer> {
  return plain(yield* callOf(ledger, operation) as SqlSteps<unknown>);
}

function callOf(ledger: QuotaLedger | SqlLedger, operation: LedgerOperation): unknown {
  const method = ledger[operation.kind] as (...args: unknown[]) => unknown;
  return method.apply(ledger, argumentsOf(operation));
}

function argumentsOf(operation: LedgerOperation): unknown[] {
  switch (operation.kind) {
    case "addNode":
      return [{ id: operation.id, parentId: operation.parentId, limit: vectorOf(operation.limit) }];
    case "setLimit":
      return [operation.id, vectorOf(operation.limit)];
    case "moveNode":
      return [operation.id, operation.parentId];
    case "reserve": {
      const { id, nodeId, amounts, expiresAtMs = null } = operation;
      return [{ id, nodeId, amounts: vectorOf(amounts), expiresAtMs }];
    }
    case "settle":
      return operation.kept ? [operation.id, vectorOf(operation.kept)] : [operation.id];
    case "expire":
      return [operation.nowMs];
    case "changes":
      return [operation.after];
    case "reconcile":
      return [];
    default:
      return [operation.id];
  }
}

function vectorOf(amounts: Amounts): Float64Array {
  return Float64Array.from(amounts, Number);
}

function plain(answer: unknown): PlainAnswer {
  const text = JSON.stringify(answer, (key, value: unknown) => {
    if (key === "node") return undefined; // A ledger's own.
    if (value instanceof Float64Array) return Array.from(value, (each) => (Number.isFinite(each) ? each : "none"));
    return value;
  });
  return text === undefined ? null : (JSON.parse(text) as unknown);
}
