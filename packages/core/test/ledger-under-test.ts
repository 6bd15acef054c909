import { smallTree } from "./ledger-histories.ts";
import type { LedgerOperation, PlainAnswer } from "./ledger-operations.ts";

/** A ledger that counts what `contractOptions` say, new and empty. */
export interface LedgerUnderTest extends AsyncDisposable {
  /** Does these one after the other. */
  perform(operations: readonly LedgerOperation[]): Promise<readonly PlainAnswer[]>;
  /** Does these at the same time, as many as can be in one commit. */
  performAtOnce(operations: readonly LedgerOperation[]): Promise<readonly PlainAnswer[]>;
}

/** A ledger with the small tree, which is asked by name. */
export interface StartedLedger extends AsyncDisposable {
  ask(operation: LedgerOperation): Promise<PlainAnswer>;
  held(nodeId: string): Promise<readonly number[]>;
  performAtOnce(operations: readonly LedgerOperation[]): Promise<readonly PlainAnswer[]>;
  reserve(id: string, amounts: readonly number[], nodeId?: string, expiresAtMs?: number | null): Promise<PlainAnswer>;
  changes(): Promise<readonly unknown[]>;
}

export async function startLedger(open: () => Promise<LedgerUnderTest>): Promise<StartedLedger> {
  const ledger = await open();
  await ledger.perform(smallTree);
  const ask = async (operation: LedgerOperation) => (await ledger.perform([forJson(operation)]))[0];
  return {
    ask,
    held: async (id) => ((await ask({ kind: "findNode", id })) as { held: number[] }).held,
    performAtOnce: (operations) => ledger.performAtOnce(operations),
    reserve: (id, amounts, nodeId = "prj", expiresAtMs = null) =>
      ask({ kind: "reserve", id, nodeId, amounts, expiresAtMs }),
    changes: async () => (await ask({ kind: "changes", after: 0 })) as unknown[],
    [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose](),
  };
}

/** An operation as it can be sent: what JSON does not know is text. */
export function forJson(operation: LedgerOperation): LedgerOperation {
  const text = JSON.stringify(operation, (_, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
  );
  return JSON.parse(text) as LedgerOperation;
}
