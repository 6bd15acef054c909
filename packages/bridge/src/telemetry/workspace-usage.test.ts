import { makeId } from "@quarterdeck/core/ids";
import { expect, it } from "vitest";
import type { MeasuredUsage } from "../host/measured-usage.ts";
import { WorkspaceUsage } from "./workspace-usage.ts";

const workspaceId = makeId("workspace", 1, new Uint8Array(16));
const group = (cpuUsec: number): MeasuredUsage => {
  return {
    workspaceId,
    projectId: null,
    runId: null,
    cpuUsec,
    memory: 1,
    tasks: 1,
    oomKills: 0,
    disk: null,
    pressure: null,
  };
};

function newUsage(source: (usec: number) => readonly MeasuredUsage[] | Promise<readonly MeasuredUsage[]>) {
  const time = { nowMs: 0, usec: 0 };
  const failures: unknown[] = [];
  const usage = new WorkspaceUsage({
    clock: { monotonicMs: () => time.nowMs },
    source: () => source(time.usec),
    onFailure: (error) => failures.push(error),
  });
  const cpuAfter = (of: "live" | "kept", seconds: number, usec: number) => {
    time.nowMs += seconds * 1000;
    time.usec += usec;
    return usage.read(of, time.nowMs)[0]?.cpu;
  };
  return { usage, time, failures, cpuAfter };
}

it("counts for those who watch since the last second, and for the history since it was kept last", () => {
  const { usage, time, cpuAfter } = newUsage((usec) => [group(usec)]);
  usage.read("live", 0);
  usage.read("kept", 0);
  expect([cpuAfter("live", 1, 100_000), cpuAfter("live", 1, 300_000)]).toEqual([100, 300]);
  expect(usage.read("kept", time.nowMs)[0]?.cpu).toBe(200);
});

it("takes the newest answer of another process, and says nothing after one that failed", async () => {
  let answer = Promise.withResolvers<readonly MeasuredUsage[]>();
  const { failures, cpuAfter } = newUsage(() => answer.promise);
  expect(cpuAfter("live", 1, 0)).toBeUndefined();
  answer.resolve([group(5)]);
  await answer.promise;
  await Promise.resolve();
  expect(cpuAfter("live", 1, 0)).toBe(0);
  answer = Promise.withResolvers();
  await Promise.resolve();
  cpuAfter("live", 1, 0);
  answer.reject(new Error("the helper is gone"));
  await expect(answer.promise).rejects.toThrow();
  await new Promise(setImmediate);
  expect(failures).toHaveLength(1);
  expect(cpuAfter("live", 1, 0)).toBeUndefined();
});
