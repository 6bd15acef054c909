import type { RunId } from "@quarterdeck/core/ids";
import { gibibyte, mebibyte } from "@quarterdeck/core/units";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keptOutputBudget, outputsToDrop } from "./kept-output-budget.ts";

describe("the budget of kept output", () => {
  it("is a tenth of a small disk, and 5 GiB of a large one", () => {
    const roomy = { keptBytes: 100 * gibibyte, freeBytes: 10 * gibibyte };
    expect(keptOutputBudget({ ...roomy, diskBytes: 20 * gibibyte })).toBe(2 * gibibyte);
    expect(keptOutputBudget({ ...roomy, diskBytes: 2000 * gibibyte })).toBe(5 * gibibyte);
  });

  it("shrinks by what is missing on a disk that is nearly full, down to nothing", () => {
    const disk = { keptBytes: gibibyte, diskBytes: 20 * gibibyte };
    expect(keptOutputBudget({ ...disk, freeBytes: 256 * mebibyte })).toBe(gibibyte);
    expect(keptOutputBudget({ ...disk, freeBytes: 56 * mebibyte })).toBe(gibibyte - 200 * mebibyte);
    expect(keptOutputBudget({ ...disk, keptBytes: 100 * mebibyte, freeBytes: 0 })).toBe(0);
  });
});

describe("what is dropped", () => {
  const output = fc.record({ bytes: fc.nat(100), isSettled: fc.boolean() });
  const cases = fc.tuple(fc.array(output, { maxLength: 30 }), fc.nat(2000));

  it("is the oldest of what may go, no more than it takes, and never what is still needed", () => {
    fc.assert(
      fc.property(cases, ([list, budgetBytes]) => {
        const runs = list.map((one, index) => ({ ...one, runId: `run_${index}` as RunId }));
        const find = (runId: RunId) => runs.find((run) => run.runId === runId);
        const sum = (some: readonly { bytes: number }[]) => some.reduce((total, { bytes }) => total + bytes, 0);
        const dropped = outputsToDrop({
          outputs: runs.map(({ runId, bytes }) => [runId, bytes] as const),
          keptBytes: sum(runs),
          budgetBytes,
          isSettled: (runId) => find(runId)?.isSettled ?? false,
        });
        const mayGo = runs.filter(({ isSettled, bytes }) => isSettled && bytes > 0);
        expect(dropped).toEqual(mayGo.slice(0, dropped.length).map(({ runId }) => runId));
        const keptBytes = (count: number) => sum(runs) - sum(mayGo.slice(0, count));
        expect(keptBytes(dropped.length) <= budgetBytes || dropped.length === mayGo.length).toBe(true);
        if (dropped.length > 0) expect(keptBytes(dropped.length - 1)).toBeGreaterThan(budgetBytes);
      }),
    );
  });
});
