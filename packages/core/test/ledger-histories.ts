import fc from "fast-check";
import type { LedgerOperation } from "./ledger-operations.ts";

const nodeId = fc.constantFrom("org", "ws", "prj", "other", "new");
const reservationId = fc.nat(9).map((n) => `r${n}`);
const amounts = fc.tuple(fc.nat(4), fc.nat(3), fc.nat(5));
const limit = fc.tuple(
  fc.constantFrom(0, 4, 8, 12, Infinity),
  fc.constantFrom(3, 6, Infinity),
  fc.constantFrom(5, 15, Infinity),
);
const timeMs = fc.nat(20);

const operation: fc.Arbitrary<LedgerOperation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("reserve" as const),
      id: reservationId,
      nodeId,
      amounts,
      expiresAtMs: fc.option(timeMs),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("commit" as const, "void" as const), id: reservationId }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("settle" as const),
      id: reservationId,
      kept: fc.option(fc.tuple(fc.constantFrom(0, 0, 0, 1), fc.constant(0), fc.nat(6)), { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("expire" as const), nowMs: timeMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("setLimit" as const), id: nodeId, limit }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("moveNode" as const), id: nodeId, parentId: nodeId }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("addNode" as const), id: nodeId, parentId: fc.option(nodeId), limit }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("removeNode" as const, "findNode" as const), id: nodeId }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("findReservation" as const), id: reservationId }) },
);

/** A tree of three levels with limits that are reached soon. */
export const smallTree: readonly LedgerOperation[] = [
  { kind: "addNode", id: "org", parentId: null, limit: [12, 9, 20] },
  { kind: "addNode", id: "ws", parentId: "org", limit: [8, "Infinity", 15] },
  { kind: "addNode", id: "prj", parentId: "ws", limit: ["Infinity", 6, "Infinity"] },
  { kind: "addNode", id: "other", parentId: "org", limit: [4, "Infinity", 10] },
];

/** What may happen to a ledger with that tree. */
export const history = fc.array(operation, { minLength: 20, maxLength: 60 });
