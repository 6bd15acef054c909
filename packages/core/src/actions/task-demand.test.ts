import { expect, test } from "vitest";
import { actions } from "./catalogue.ts";
import { demandOf, takesDemand, taskDemandSchema } from "./task-demand.ts";

test("what a task says of its demand counts, and what it leaves out is its action's", () => {
  const usual = actions.exec.demand;
  expect(demandOf("exec", null)).toEqual(usual);
  expect(demandOf("exec", { cpu: 2000 })).toEqual({ ...usual, cpu: 2000 });
  expect(demandOf("git.pull", { cpu: 10, memory: 2 ** 30 })).toEqual({ cpu: 10, memory: 2 ** 30, runs: 1 });
});

test("what reserves nothing takes no demand", () => {
  expect(takesDemand("exec")).toBe(true);
  expect(takesDemand("files.list")).toBe(false);
  expect(takesDemand("workspace.create")).toBe(false);
});

test("a demand is whole, above nothing and below any machine, and names nothing else", () => {
  expect(taskDemandSchema.safeParse({}).success).toBe(true);
  expect(taskDemandSchema.safeParse({ cpu: 10, memory: 16 * 2 ** 20 }).success).toBe(true);
  for (const wrong of [
    { cpu: 0 },
    { cpu: 9 },
    { cpu: -1000 },
    { cpu: 0.5 },
    { cpu: Number.NaN },
    { cpu: Number.POSITIVE_INFINITY },
    { cpu: Number.MAX_SAFE_INTEGER },
    { memory: 1 },
    { memory: 2 ** 60 },
    { runs: 2 },
  ]) {
    expect(taskDemandSchema.safeParse(wrong)).toMatchObject({ success: false });
  }
});
