import { makeId } from "@quarterdeck/core/ids";
import type { WorkspaceReading } from "@quarterdeck/core/protocol/workspace-readings";
import { minuteMs } from "@quarterdeck/core/units";
import fc from "fast-check";
import { expect, it } from "vitest";
import { topRunsOf } from "./top-runs.ts";
import { addUsage, noUsage, usePoints } from "./usage-history.ts";

const idOf = <K extends "workspace" | "run">(kind: K, index: number) =>
  makeId(kind, 1, new Uint8Array(16).fill(index * 37));
const [a, b] = [idOf("workspace", 1), idOf("workspace", 2)];
const usage = { cpu: 1, memory: 2, tasks: 3, runs: 1, disk: null, pressure: null, network: null };
const reading = (workspaceId: typeof a, atMs: number, parts: Partial<WorkspaceReading> = {}): WorkspaceReading => {
  return { workspaceId, atMs, ...usage, projects: [], topRuns: [], ...parts };
};

it("keeps each moment of each workspace once, in order, for some minutes", () => {
  const batches = fc.array(fc.array(fc.tuple(fc.constantFrom(a, b), fc.nat(20 * minuteMs)), { maxLength: 20 }), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(batches, (story) => {
      const history = story.reduce(
        (all, batch) =>
          addUsage(
            all,
            batch.map(([id, atMs]) => reading(id, atMs)),
          ),
        noUsage,
      );
      for (const [workspaceId, readings] of history) {
        const times = readings.map(({ atMs }) => atMs);
        const all = story.flat().flatMap(([id, atMs]) => (id === workspaceId ? [atMs] : []));
        expect(times).toEqual([...new Set(times)].toSorted((x, y) => x - y));
        expect(readings.every((one) => one.workspaceId === workspaceId)).toBe(true);
        expect(times).toContain(Math.max(...all));
        expect(times.at(-1)! - times[0]!).toBeLessThanOrEqual(7 * minuteMs);
      }
    }),
  );
});

it("shows of a project what names it, and nothing where a reading does not", () => {
  const readings = [reading(a, 1, { projects: [{ project: "00000001", ...usage, cpu: 9 }] }), reading(a, 2)];
  expect(usePoints(readings, "00000001").map(({ atMs, cpu }) => [atMs, cpu])).toEqual([[1, 9]]);
  expect(usePoints(readings, null).map(({ atMs, cpu }) => [atMs, cpu])).toEqual([
    [1, 1],
    [2, 1],
  ]);
});

it("shows what passed over the network between two readings, and nothing where nobody knows or the counters began anew", () => {
  const counts = [100, null, 1100, 3100, 50, 150];
  const readings = counts.map((received, index) =>
    reading(a, index * 2000, { network: received === null ? null : { received, sent: 0 } }),
  );
  expect(usePoints(readings, null).map(({ received }) => received)).toEqual([null, null, null, 1000, null, 50]);
});

it("names the runs that use most now, of the workspaces that were asked for", () => {
  const run = (index: number, cpu: number) => ({ runId: idOf("run", index), cpu, memory: index, tasks: 1 });
  const history = addUsage(noUsage, [
    reading(a, 100_000, { topRuns: [run(9, 4000)] }),
    reading(a, 200_000, { topRuns: [run(1, 5), run(2, 50)] }),
    reading(b, 200_000, { topRuns: [run(3, 20)] }),
  ]);
  const cpuOf = (...ids: (typeof a)[]) => topRunsOf(history, new Set(ids)).map((top) => top.run.cpu);
  expect([cpuOf(a, b), cpuOf(b), cpuOf()]).toEqual([[50, 20, 5], [20], []]);
  const later = addUsage(history, [reading(b, 200_000 + 2 * minuteMs, { topRuns: [run(4, 1)] })]);
  expect(topRunsOf(later, new Set([a, b])).map((top) => top.run.cpu)).toEqual([1]);
});
