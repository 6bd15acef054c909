import { expect, it } from "vitest";
import { describeLedger } from "../../../test/ledger-contract.ts";
import { contractOptions, perform, type LedgerOperation } from "../../../test/ledger-operations.ts";
import { ResourceList } from "../amounts.ts";
import { MemoryLedger } from "./memory-ledger.ts";
import { overdraft } from "./quota-ledger.ts";

describeLedger("in memory", {
  histories: 200,
  crowd: 10_000,
  open: async () => {
    const ledger = new MemoryLedger({ ...contractOptions, recorded: 40_000 });
    const all = async (operations: readonly LedgerOperation[]) => operations.map((each) => perform(ledger, each));
    return { perform: all, performAtOnce: all, [Symbol.asyncDispose]: async () => {} };
  },
});

function openLedger(recorded?: number): MemoryLedger {
  const resources = new ResourceList(["cpu", "tokens"]);
  const ledger = new MemoryLedger({ resources, consumables: ["tokens"], ...(recorded !== undefined && { recorded }) });
  ledger.addNode({ id: "org", parentId: null, limit: Float64Array.of(10, 10) });
  return ledger;
}

const reserve = (ledger: MemoryLedger, id: string, amounts = [1, 0]) =>
  ledger.reserve({ id, nodeId: "org", amounts: Float64Array.from(amounts) });

it("remembers what ended as long as the record of its end, and what is held or was consumed for ever", () => {
  const ledger = openLedger(4);
  reserve(ledger, "open");
  reserve(ledger, "consumed", [1, 2]);
  reserve(ledger, "voided");
  ledger.settle("consumed");
  ledger.void("voided");
  reserve(ledger, "x");
  ledger.void("x");
  reserve(ledger, "y");
  expect(ledger.findReservation("voided")).toMatchObject({ state: "voided" });
  ledger.void("y");
  expect(ledger.findReservation("voided")).toBeNull();
  expect(reserve(ledger, "voided").ok).toBe(true);
  for (let n = 0; n < 10; n++) {
    reserve(ledger, `z${n}`);
    ledger.void(`z${n}`);
  }
  expect(["open", "consumed", "voided"].map((id) => ledger.findReservation(id)?.state)).toEqual([
    "reserved",
    "settled",
    "reserved",
  ]);
  expect([...(ledger.findNode("org")?.held ?? [])]).toEqual([2, 2]);
  expect(ledger.reconcile()).toEqual([]);
});

it("remembers an end also when the records of what was before it are gone", () => {
  const ledger = openLedger(4);
  reserve(ledger, "a");
  ledger.commit("a");
  ledger.settle("a");
  for (const cpu of [9, 8, 7]) ledger.setLimit("org", Float64Array.of(cpu, cpu));
  expect(ledger.changes(0).map(({ what }) => what)).toEqual(["settled", "limited", "limited", "limited"]);
  expect(ledger.findReservation("a")).toMatchObject({ state: "settled" });
  ledger.setLimit("org", Float64Array.of(6, 6));
  expect(ledger.findReservation("a")).toBeNull();
});

it("forgets also when the record of a node takes the place", () => {
  const ledger = openLedger(2);
  reserve(ledger, "a");
  ledger.void("a");
  ledger.setLimit("org", Float64Array.of(9, 9));
  expect(ledger.findReservation("a")).not.toBeNull();
  ledger.setLimit("org", Float64Array.of(8, 8));
  expect(ledger.findReservation("a")).toBeNull();
});

it("keeps the newest changes, and their numbers say what is gone", () => {
  const ledger = openLedger(3);
  for (let n = 0; n < 5; n++) reserve(ledger, `r${n}`);
  expect(ledger.changes(0).map(({ seq }) => seq)).toEqual([4, 5, 6]);
  expect(ledger.changes(5).map(({ seq }) => seq)).toEqual([6]);
  expect(ledger.changes(6)).toEqual([]);
  expect(ledger.changes(99)).toEqual([]);
  for (const size of [0, -1, 0.5, Number.NaN]) expect(() => openLedger(size)).toThrow("places");
});

it("keeps 10,000 changes unless it is told another number", () => {
  const ledger = openLedger();
  for (let n = 0; n < 5_050; n++) {
    reserve(ledger, `r${n}`);
    ledger.void(`r${n}`);
  }
  expect(ledger.changes(0)).toHaveLength(10_000);
});

it("names the node whose counter is not what its reservations hold, and repairs nothing", () => {
  const ledger = openLedger();
  reserve(ledger, "a", [2, 1]);
  expect(ledger.reconcile()).toEqual([]);
  const reservation = ledger.findReservation("a");
  if (reservation) reservation.held[0] = 7; // What nobody may do.
  const drift = [{ nodeId: "org", counted: Float64Array.of(2, 1), reserved: Float64Array.of(7, 1) }];
  expect(ledger.reconcile()).toEqual(drift);
  expect(ledger.reconcile()).toEqual(drift);
});

it("shows nodes as they were when they were asked for", () => {
  const ledger = openLedger();
  const node = ledger.findNode("org");
  reserve(ledger, "a");
  ledger.setLimit("org", Float64Array.of(1, 1));
  expect(node).toMatchObject({ held: Float64Array.of(0, 0), limit: Float64Array.of(10, 10) });
});

it("shows how far a node is over its limit", () => {
  const limit = Float64Array.of(3, Infinity, 5);
  expect([...overdraft({ limit, held: Float64Array.of(5, 9, 5) })]).toEqual([2, 0, 0]);
});
