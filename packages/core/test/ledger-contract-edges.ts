import { expect, it } from "vitest";
import type { StartedLedger } from "./ledger-under-test.ts";

/** What is promised of amounts that are none, and of the largest. */
export function describeEdges(start: () => Promise<StartedLedger>): void {
  it.each([-1, 0.5, Number.NaN, Infinity, -Infinity, 2 ** 53])("refuses the amount %s everywhere", async (bad) => {
    await using ledger = await start();
    await ledger.reserve("known", [0, 0, 1]);
    const records = await ledger.changes();
    const refusal = {
      ok: false,
      error: {
        code: "BAD_REQUEST",
        message: `memory must be a whole number from 0 to 9007199254740991, not ${bad}`,
      },
    };
    expect(await ledger.reserve("a", [1, bad, 1])).toEqual(refusal);
    expect(await ledger.ask({ kind: "settle", id: "known", kept: [0, bad, 0] })).toEqual(refusal);
    if (bad !== Infinity) {
      expect(await ledger.ask({ kind: "setLimit", id: "prj", limit: [1, bad, 1] })).toEqual(refusal);
      expect(await ledger.ask({ kind: "addNode", id: "x", parentId: null, limit: [1, bad, 1] })).toEqual(refusal);
    }
    expect(await ledger.changes()).toEqual(records);
  });

  it("refuses a vector of another length and an end that is no time", async () => {
    await using ledger = await start();
    expect(await ledger.reserve("a", [1, 1])).toMatchObject({ error: { code: "BAD_REQUEST" } });
    expect(await ledger.reserve("a", [1, 1, 1, 1])).toMatchObject({ error: { code: "BAD_REQUEST" } });
    expect(await ledger.reserve("a", [1, 1, 1], "prj", 0.5)).toEqual({
      ok: false,
      error: { code: "BAD_REQUEST", message: "a cannot expire at 0.5; give whole milliseconds" },
    });
    expect(await ledger.held("org")).toEqual([0, 0, 0]);
  });

  it("never counts beyond what numbers hold exactly, also without a limit", async () => {
    await using ledger = await start();
    await ledger.ask({ kind: "addNode", id: "free", parentId: null, limit: [Infinity, Infinity, Infinity] });
    const most = Number.MAX_SAFE_INTEGER;
    expect(await ledger.reserve("a", [most - 1, most, 0], "free")).toMatchObject({ ok: true });
    expect(await ledger.reserve("b", [2, 0, 0], "free")).toMatchObject({
      error: { code: "QUOTA_EXCEEDED", message: "cpu: 2 asked, 1 free in free" },
    });
    expect(await ledger.reserve("b", [most, most, 0], "free")).toMatchObject({ ok: false });
    expect(await ledger.reserve("b", [1, 0, 0], "free")).toMatchObject({ ok: true });
    expect(await ledger.held("free")).toEqual([most, most, 0]);
    await ledger.ask({ kind: "void", id: "a" });
    expect(await ledger.held("free")).toEqual([1, 0, 0]);
  });
}
