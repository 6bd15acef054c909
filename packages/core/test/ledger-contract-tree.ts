import { expect, it } from "vitest";
import type { StartedLedger } from "./ledger-under-test.ts";

/** What is promised of the tree: limits, moves, removals. */
export function describeTree(start: () => Promise<StartedLedger>): void {
  it("takes a limit below what is held: nothing is taken away, and more fits only when it is under the limit again", async () => {
    await using ledger = await start();
    await ledger.reserve("a", [4, 0, 0]);
    await ledger.reserve("b", [4, 0, 0]);
    expect(await ledger.ask({ kind: "setLimit", id: "ws", limit: [5, Infinity, 15] })).toEqual({
      ok: true,
      value: { id: "ws", parentId: "org", limit: [5, "none", 15], held: [8, 0, 0] },
    });
    expect(await ledger.reserve("c", [1, 0, 0])).toMatchObject({
      error: { code: "QUOTA_EXCEEDED", message: "cpu: 1 asked, 0 of 5 free in ws" },
    });
    expect(await ledger.reserve("none", [0, 1, 0])).toMatchObject({ ok: true });
    await ledger.ask({ kind: "settle", id: "a" });
    expect(await ledger.reserve("c", [2, 0, 0])).toMatchObject({ ok: false });
    expect(await ledger.reserve("c", [1, 0, 0])).toMatchObject({ ok: true });
  });

  it("moves a node with what it holds, where that fits, and gives back where it is then", async () => {
    await using ledger = await start();
    await ledger.reserve("a", [5, 1, 1]);
    expect(await ledger.ask({ kind: "moveNode", id: "prj", parentId: "other" })).toEqual({
      ok: false,
      error: { code: "QUOTA_EXCEEDED", message: "what prj holds does not fit into other" },
    });
    await ledger.ask({ kind: "setLimit", id: "other", limit: [5, Infinity, 10] });
    await ledger.ask({ kind: "setLimit", id: "org", limit: [1, 1, 1] }); // It counts it already.
    expect(await ledger.ask({ kind: "moveNode", id: "prj", parentId: "other" })).toMatchObject({
      ok: true,
      value: { id: "prj", parentId: "other", held: [5, 1, 1] },
    });
    expect([await ledger.held("ws"), await ledger.held("other"), await ledger.held("org")]).toEqual([
      [0, 0, 0],
      [5, 1, 1],
      [5, 1, 1],
    ]);
    const records = await ledger.changes();
    expect(await ledger.ask({ kind: "moveNode", id: "prj", parentId: "other" })).toMatchObject({ ok: true });
    expect(await ledger.changes()).toEqual(records);
    await ledger.ask({ kind: "settle", id: "a", kept: [0, 0, 0] });
    for (const id of ["ws", "other", "org"]) expect(await ledger.held(id)).toEqual([0, 0, 0]);
  });

  it("moves what is below along, and counts it there", async () => {
    await using ledger = await start();
    await ledger.reserve("a", [2, 0, 0]);
    await ledger.ask({ kind: "setLimit", id: "other", limit: [9, Infinity, Infinity] });
    expect(await ledger.ask({ kind: "moveNode", id: "ws", parentId: "other" })).toMatchObject({ ok: true });
    await ledger.reserve("b", [3, 0, 0]);
    expect([await ledger.held("prj"), await ledger.held("ws"), await ledger.held("other")]).toEqual([
      [5, 0, 0],
      [5, 0, 0],
      [5, 0, 0],
    ]);
    expect(await ledger.held("org")).toEqual([5, 0, 0]);
    await ledger.ask({ kind: "moveNode", id: "ws", parentId: "org" });
    expect([await ledger.held("other"), await ledger.held("org")]).toEqual([
      [0, 0, 0],
      [5, 0, 0],
    ]);
  });

  it("knows no cycle, no parent that is not there and no second node of one id", async () => {
    await using ledger = await start();
    const records = await ledger.changes();
    const move = (id: string, parentId: string) => ledger.ask({ kind: "moveNode", id, parentId });
    const refused = (code: string, message: string) => ({ ok: false, error: { code, message } });
    for (const below of ["org", "ws", "prj"]) {
      expect(await move("org", below)).toEqual(refused("BAD_REQUEST", "org cannot be moved below itself"));
    }
    expect(await move("prj", "nobody")).toEqual(refused("NOT_FOUND", "there is no node nobody"));
    expect(await move("nobody", "org")).toEqual(refused("NOT_FOUND", "there is no node nobody"));
    const add = (id: string, parentId: string | null, limit: readonly number[]) =>
      ledger.ask({ kind: "addNode", id, parentId, limit });
    expect(await add("x", "nobody", [1, 1, 1])).toEqual(
      refused("NOT_FOUND", "x cannot be added below nobody: there is no such node"),
    );
    expect(await add("ws", "org", [1, 1, 1])).toEqual(refused("CONFLICT", "ws is in the tree already"));
    expect(await add("ws", null, [8, Infinity, 15])).toEqual(refused("CONFLICT", "ws is in the tree already"));
    expect(await add("ws", "org", [8, Infinity, 15])).toMatchObject({ ok: true, value: { id: "ws" } });
    expect(await ledger.ask({ kind: "setLimit", id: "nobody", limit: [1, 1, 1] })).toEqual(
      refused("NOT_FOUND", "there is no node nobody"),
    );
    expect(await ledger.reserve("a", [1, 1, 1], "nobody")).toEqual(refused("NOT_FOUND", "there is no node nobody"));
    expect(await ledger.ask({ kind: "findNode", id: "nobody" })).toBeNull();
    expect(await ledger.changes()).toEqual(records);
  });

  it("removes only a node without children and without reservations that are open", async () => {
    await using ledger = await start();
    const remove = (id: string) => ledger.ask({ kind: "removeNode", id });
    const holds = {
      ok: false,
      error: { code: "CONFLICT", message: "prj still holds something; wait or release it first" },
    };
    expect(await remove("ws")).toEqual({
      ok: false,
      error: { code: "CONFLICT", message: "ws has 1 nodes below it; remove or move them first" },
    });
    await ledger.reserve("something", [0, 1, 0]);
    expect(await remove("prj")).toEqual(holds);
    await ledger.ask({ kind: "void", id: "something" });
    await ledger.reserve("nothing", [0, 0, 0]);
    expect(await remove("prj")).toEqual(holds);
    await ledger.ask({ kind: "void", id: "nothing" });
    expect(await remove("prj")).toEqual({ ok: true, value: null });
    expect(await remove("prj")).toEqual({ ok: false, error: { code: "NOT_FOUND", message: "there is no node prj" } });
    expect(await ledger.reserve("late", [0, 0, 0])).toMatchObject({ error: { code: "NOT_FOUND" } });
    expect(await ledger.ask({ kind: "addNode", id: "prj", parentId: "other", limit: [1, 1, 1] })).toMatchObject({
      ok: true,
    });
    expect(await ledger.reserve("again", [1, 0, 0])).toMatchObject({ ok: true });
    expect([await ledger.held("other"), await ledger.held("ws")]).toEqual([
      [1, 0, 0],
      [0, 0, 0],
    ]);
  });
}
