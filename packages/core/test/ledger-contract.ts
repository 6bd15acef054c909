import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeCrowd } from "./ledger-contract-crowd.ts";
import { describeEdges } from "./ledger-contract-edges.ts";
import { describeReservations } from "./ledger-contract-reservations.ts";
import { describeTree } from "./ledger-contract-tree.ts";
import { history, smallTree } from "./ledger-histories.ts";
import { LedgerModel } from "./ledger-model.ts";
import type { LedgerOperation } from "./ledger-operations.ts";
import { replay } from "./ledger-replay.ts";
import { forJson, startLedger, type LedgerUnderTest } from "./ledger-under-test.ts";
import "./property-seed.ts";

interface ContractOptions {
  readonly open: () => Promise<LedgerUnderTest>;
  /** How many random histories are tried. */
  readonly histories: number;
  /** How many reservations are made at the same time. */
  readonly crowd: number;
}

/** What every form of the ledger promises (see `QuotaLedger`), as tests. */
export function describeLedger(name: string, { open, histories, crowd }: ContractOptions): void {
  describe(`the ledger ${name}`, () => {
    const start = () => startLedger(open);
    describeReservations(start);
    describeTree(start);
    describeEdges(start);
    describeCrowd(start, crowd);

    it("answers each history as the obvious ledger does, keeps its counters, and records each change", async () => {
      await fc.assert(
        fc.asyncProperty(history, async (operations) => {
          await using ledger = await open();
          const model = new LedgerModel();
          const answers = await ledger.perform([...smallTree, ...operations].map(forJson));
          for (const operation of smallTree) model.perform(numbered(operation));
          const expected = operations.map((operation) => model.perform(operation));
          expect(answers.slice(smallTree.length).map(comparable)).toEqual(expected.map(comparable));
          const held = model.held();
          const nodes = Object.keys(held).map((id) => ({ kind: "findNode" as const, id }));
          const [drift, changes, ...shown] = await ledger.perform([
            { kind: "reconcile" },
            { kind: "changes", after: 0 },
            ...nodes,
          ]);
          expect(drift).toEqual([]);
          expect(Object.fromEntries(shown.map((node) => [(node as Shown).id, (node as Shown).held]))).toEqual(held);
          const replayed = replay(changes as never);
          expect(replayed).toEqual(shown.map((node) => node as Shown).sort(byId));
        }),
        { numRuns: histories },
      );
    });

    it("records each change with what was before and after, and nothing else", async () => {
      await using ledger = await start();
      const startOf = (await ledger.changes()).length;
      await ledger.reserve("a", [2, 1, 4]);
      await ledger.reserve("refused", [100, 0, 0]);
      await ledger.ask({ kind: "commit", id: "a" });
      await ledger.ask({ kind: "settle", id: "a" });
      await ledger.ask({ kind: "setLimit", id: "prj", limit: [1, Infinity, 3] });
      await ledger.ask({ kind: "setLimit", id: "prj", limit: [1, Infinity, 3] });
      await ledger.ask({ kind: "moveNode", id: "prj", parentId: "other" });
      await ledger.ask({ kind: "addNode", id: "x", parentId: "prj", limit: [1, 1, 1] });
      await ledger.ask({ kind: "removeNode", id: "x" });
      const first = startOf + 1;
      const of = (what: string, nth: number, before: unknown, after: unknown) => ({
        seq: first + nth,
        what,
        nodeId: "prj",
        reservationId: "a",
        before,
        after,
      });
      const limited = { parentId: "ws", limit: [1, "none", 3] };
      expect(await ledger.ask({ kind: "changes", after: startOf })).toEqual([
        of("reserved", 0, [0, 0, 0], [2, 1, 4]),
        of("committed", 1, [2, 1, 4], [2, 1, 4]),
        of("settled", 2, [2, 1, 4], [0, 0, 4]),
        {
          seq: first + 3,
          what: "limited",
          nodeId: "prj",
          before: { parentId: "ws", limit: ["none", 6, "none"] },
          after: limited,
        },
        { seq: first + 4, what: "moved", nodeId: "prj", before: limited, after: { ...limited, parentId: "other" } },
        { seq: first + 5, what: "added", nodeId: "x", before: null, after: { parentId: "prj", limit: [1, 1, 1] } },
        { seq: first + 6, what: "removed", nodeId: "x", before: { parentId: "prj", limit: [1, 1, 1] }, after: null },
      ]);
      expect(await ledger.ask({ kind: "changes", after: first + 5 })).toHaveLength(1);
    });
  });
}

interface Shown {
  readonly id: string;
  readonly held: readonly number[];
}

const byId = (a: Shown, b: Shown) => (a.id < b.id ? -1 : 1);

function numbered(operation: LedgerOperation): LedgerOperation {
  return operation.kind === "addNode" ? { ...operation, limit: operation.limit.map(Number) } : operation;
}

/** An answer as the model gives it: a refusal by its code. */
function comparable(answer: unknown): unknown {
  if (typeof answer !== "object" || answer === null) return answer;
  if ("error" in answer) return { code: (answer.error as { code: string }).code };
  if ("code" in answer) return answer;
  if ("ok" in answer) return (answer as { value?: unknown }).value;
  return "value" in answer ? answer.value : answer;
}
