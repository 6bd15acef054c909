import { expect, it } from "vitest";
import type { StartedLedger } from "./ledger-under-test.ts";

/** What is promised of calls at the same time. */
export function describeCrowd(start: () => Promise<StartedLedger>, crowd: number): void {
  it("one refused write among 63 good ones takes none of them along", async () => {
    await using ledger = await start();
    await ledger.ask({ kind: "setLimit", id: "ws", limit: [63, Infinity, Infinity] });
    await ledger.ask({ kind: "setLimit", id: "org", limit: [Infinity, Infinity, Infinity] });
    const operations = Array.from({ length: 64 }, (_, n) => ({
      kind: "reserve" as const,
      id: `r${n}`,
      nodeId: "prj",
      amounts: n === 20 ? [64, 0, 0] : [1, 0, 0],
    }));
    const answers = (await ledger.performAtOnce(operations)) as { ok: boolean }[];
    expect(answers.flatMap(({ ok }, n) => (ok ? [] : [n]))).toEqual([20]);
    for (const id of ["prj", "ws", "org"]) expect(await ledger.held(id)).toEqual([63, 0, 0]);
    expect(await ledger.ask({ kind: "reconcile" })).toEqual([]);
  });

  it(`[E3] of ${crowd} reservations at the same time exactly those that fit are made: no more, no drift, no neighbour lost`, async () => {
    await using ledger = await start();
    const room = Math.floor(crowd * 0.6);
    const free = "Infinity";
    await ledger.ask({ kind: "setLimit", id: "org", limit: [room, free, free] });
    await ledger.ask({ kind: "setLimit", id: "ws", limit: [free, free, free] });
    await ledger.ask({ kind: "setLimit", id: "prj", limit: [Math.floor(room / 2), free, free] });
    await ledger.ask({ kind: "setLimit", id: "other", limit: [free, free, free] });
    const operations = Array.from({ length: crowd }, (_, n) => ({
      kind: "reserve" as const,
      id: `r${n}`,
      nodeId: ["prj", "ws", "other"][n % 3] as string,
      amounts: [n % 50 === 0 ? room + 1 : 1, 0, n % 3],
    }));
    const answers = (await ledger.performAtOnce(operations)) as { ok: boolean; error?: { code: string } }[];
    const made = operations.filter((_, n) => answers[n]?.ok);
    expect(made).toHaveLength(room);
    expect(answers.filter(({ ok, error }) => !ok && error?.code !== "QUOTA_EXCEEDED")).toEqual([]);
    expect(made.filter(({ amounts }) => amounts[0] !== 1)).toEqual([]);
    const sum = (nodes: readonly string[]) =>
      made
        .filter(({ nodeId }) => nodes.includes(nodeId))
        .reduce((total, { amounts }) => total.map((each, i) => each + (amounts[i] ?? 0)), [0, 0, 0]);
    expect(await ledger.held("prj")).toEqual(sum(["prj"]));
    expect(await ledger.held("ws")).toEqual(sum(["prj", "ws"]));
    expect(await ledger.held("org")).toEqual(sum(["prj", "ws", "other"]));
    expect(await ledger.ask({ kind: "reconcile" })).toEqual([]);
    const some = made.slice(0, 500);
    const ends = some.map(({ id }, n) => ({ kind: n % 2 === 0 ? ("void" as const) : ("settle" as const), id }));
    const ended = (await ledger.performAtOnce([...ends, ...ends])) as { ok: boolean }[];
    expect(ended.filter(({ ok }) => !ok)).toEqual([]);
    const before = sum(["prj", "ws", "other"]);
    expect(await ledger.held("org")).toEqual([room - some.length, 0, (before[2] as number) - voidedTokens(some)]);
    expect(await ledger.ask({ kind: "reconcile" })).toEqual([]);
  }, 120_000);
}

/** What the voided ones of a crowd gave back; the settled ones consumed theirs. */
function voidedTokens(ended: readonly { readonly amounts: readonly number[] }[]): number {
  return ended.reduce((sum, { amounts }, n) => sum + (n % 2 === 0 ? (amounts[2] ?? 0) : 0), 0);
}
