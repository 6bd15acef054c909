import { expect, it } from "vitest";
import type { LedgerOperation } from "./ledger-operations.ts";
import type { StartedLedger } from "./ledger-under-test.ts";

/** What is promised of reservations. */
export function describeReservations(start: () => Promise<StartedLedger>): void {
  it("reserves at a node and each ancestor, up to the limit of each", async () => {
    await using ledger = await start();
    expect(await ledger.reserve("a", [5, 1, 2])).toEqual({
      ok: true,
      value: { id: "a", nodeId: "prj", state: "reserved", amounts: [5, 1, 2], held: [5, 1, 2], expiresAtMs: null },
    });
    expect(await ledger.reserve("b", [3, 0, 0])).toMatchObject({ ok: true });
    for (const id of ["prj", "ws", "org"]) expect(await ledger.held(id)).toEqual([8, 1, 2]);
    expect(await ledger.held("other")).toEqual([0, 0, 0]);
  });

  it("refuses what does not fit at any ancestor, says where and of what, and changes nothing", async () => {
    await using ledger = await start();
    await ledger.reserve("a", [4, 0, 0], "other");
    await ledger.reserve("b", [7, 0, 0]);
    const records = await ledger.changes();
    const refused = (message: string) => ({ ok: false, error: { code: "QUOTA_EXCEEDED", message } });
    expect(await ledger.reserve("c", [2, 0, 0])).toEqual(refused("cpu: 2 asked, 1 of 8 free in ws"));
    expect(await ledger.reserve("c", [0, 7, 0])).toEqual(refused("memory: 7 asked, 6 of 6 free in prj"));
    expect(await ledger.reserve("c", [2, 7, 0], "ws")).toEqual(refused("cpu: 2 asked, 1 of 8 free in ws"));
    expect(await ledger.reserve("c", [2, 0, 0], "org")).toEqual(refused("cpu: 2 asked, 1 of 12 free in org"));
    expect(await ledger.ask({ kind: "findReservation", id: "c" })).toBeNull();
    expect(await ledger.held("org")).toEqual([11, 0, 0]);
    expect(await ledger.changes()).toEqual(records);
    expect(await ledger.reserve("c", [1, 6, 0])).toMatchObject({ ok: true });
  });

  it("takes the same reservation twice as one, and another one under its id not at all", async () => {
    await using ledger = await start();
    const first = await ledger.reserve("a", [1, 1, 1], "prj", 9);
    const records = await ledger.changes();
    expect(await ledger.reserve("a", [1, 1, 1], "prj", 9)).toEqual(first);
    const conflict = {
      ok: false,
      error: { code: "CONFLICT", message: "a is another reservation already; use a new id" },
    };
    expect(await ledger.reserve("a", [1, 1, 2], "prj", 9)).toEqual(conflict);
    expect(await ledger.reserve("a", [1, 1, 1], "ws", 9)).toEqual(conflict);
    expect(await ledger.reserve("a", [1, 1, 1], "prj", 8)).toEqual(conflict);
    expect(await ledger.reserve("a", [1, 1, 1])).toEqual(conflict);
    expect(await ledger.held("org")).toEqual([1, 1, 1]);
    expect(await ledger.changes()).toEqual(records);
  });

  it("resolves each reservation once: the same again is the same answer, another end is refused, nothing comes back twice", async () => {
    await using ledger = await start();
    const ends = {
      void: { kind: "void" },
      settle: { kind: "settle" },
      expire: { kind: "expire", nowMs: 100 },
    } as const;
    await ledger.reserve("witness", [1, 1, 1]);
    for (const [how, end] of Object.entries(ends)) {
      await ledger.reserve(how, [2, 2, 0], "prj", 100);
      const operation = { id: how, ...end } as LedgerOperation;
      const ended = await ledger.ask(operation);
      expect(await ledger.ask(operation)).toEqual(how === "expire" ? [] : ended);
      expect(await ledger.held("prj")).toEqual([1, 1, 1]);
      const state = { void: "voided", settle: "settled", expire: "expired" }[how];
      const refusal = { ok: false, error: { code: "ALREADY_ENDED", message: `${how} is ${state} already` } };
      for (const other of ["void", "settle", "commit"] as const) {
        if (other !== how) expect(await ledger.ask({ kind: other, id: how })).toEqual(refusal);
      }
      expect(await ledger.reserve(how, [2, 2, 0], "prj", 100)).toEqual(refusal);
      expect(await ledger.ask({ kind: "expire", nowMs: 200 })).toEqual([]);
      expect(await ledger.ask({ kind: "findReservation", id: how })).toMatchObject({ state, held: [0, 0, 0] });
      for (const id of ["prj", "ws", "org"]) expect(await ledger.held(id)).toEqual([1, 1, 1]);
    }
  });

  it("keeps what is committed until it is settled", async () => {
    await using ledger = await start();
    await ledger.reserve("a", [2, 1, 4], "prj", 10);
    const committed = await ledger.ask({ kind: "commit", id: "a" });
    expect(committed).toMatchObject({ ok: true, value: { state: "committed", held: [2, 1, 4] } });
    expect(await ledger.ask({ kind: "commit", id: "a" })).toEqual(committed);
    expect(await ledger.reserve("a", [2, 1, 4], "prj", 10)).toEqual(committed);
    expect(await ledger.ask({ kind: "expire", nowMs: 1000 })).toEqual([]);
    expect(await ledger.ask({ kind: "void", id: "a" })).toEqual({
      ok: false,
      error: { code: "CONFLICT", message: "a is committed; settle it instead" },
    });
    expect(await ledger.held("org")).toEqual([2, 1, 4]);
    expect(await ledger.ask({ kind: "settle", id: "a" })).toMatchObject({ ok: true, value: { held: [0, 0, 4] } });
    expect(await ledger.held("org")).toEqual([0, 0, 4]);
  });

  it("settles in part: what was consumed stays held, the rest comes back", async () => {
    await using ledger = await start();
    await ledger.reserve("a", [2, 0, 5]);
    await ledger.reserve("b", [2, 0, 5]);
    expect(await ledger.ask({ kind: "settle", id: "a", kept: [0, 0, 6] })).toEqual({
      ok: false,
      error: { code: "BAD_REQUEST", message: "a cannot keep more than it reserved" },
    });
    expect(await ledger.ask({ kind: "settle", id: "a", kept: [1, 0, 0] })).toEqual({
      ok: false,
      error: { code: "BAD_REQUEST", message: "cpu is not consumable, so none of it can be kept" },
    });
    expect(await ledger.held("ws")).toEqual([4, 0, 10]);
    const settled = await ledger.ask({ kind: "settle", id: "a", kept: [0, 0, 3] });
    expect(settled).toMatchObject({ ok: true, value: { state: "settled", amounts: [2, 0, 5], held: [0, 0, 3] } });
    expect(await ledger.ask({ kind: "settle", id: "a", kept: [0, 0, 3] })).toEqual(settled);
    expect(await ledger.ask({ kind: "settle", id: "a" })).toEqual({
      ok: false,
      error: { code: "CONFLICT", message: "a is settled already, with other amounts" },
    });
    expect(await ledger.ask({ kind: "settle", id: "b", kept: [0, 0, 0] })).toMatchObject({ ok: true });
    for (const id of ["prj", "ws", "org"]) expect(await ledger.held(id)).toEqual([0, 0, 3]);
  });

  it("ends what is overdue, the earliest first, and a clock that goes back ends nothing", async () => {
    await using ledger = await start();
    await ledger.reserve("late", [1, 0, 0], "prj", 20);
    await ledger.reserve("b", [1, 0, 0], "prj", 10);
    await ledger.reserve("a", [1, 0, 0], "prj", 10);
    await ledger.reserve("never", [1, 0, 0]);
    const ids = async (nowMs: number) =>
      ((await ledger.ask({ kind: "expire", nowMs })) as { id: string }[]).map(({ id }) => id);
    expect(await ids(9)).toEqual([]);
    expect(await ids(10)).toEqual(["a", "b"]);
    expect(await ids(-5)).toEqual([]);
    expect(await ledger.held("org")).toEqual([2, 0, 0]);
    expect(await ids(Number.MAX_SAFE_INTEGER)).toEqual(["late"]);
    expect(await ledger.held("org")).toEqual([1, 0, 0]);
  });
}
