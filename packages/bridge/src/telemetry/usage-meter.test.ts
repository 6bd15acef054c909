import { makeId, type ProjectId, type RunId, type WorkspaceId } from "@quarterdeck/core/ids";
import { projectKey, workspaceGroupSchema, encodeWorkspaces } from "@quarterdeck/core/protocol/workspace-readings";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MeasuredUsage } from "../host/measured-usage.ts";
import { UsageMeter } from "./usage-meter.ts";

const idOf = <K extends "workspace" | "project" | "run">(kind: K, index: number) =>
  makeId(kind, 1, new Uint8Array(16).fill(index * 37));
const workspaceId: WorkspaceId = idOf("workspace", 1);
const projectId: ProjectId = idOf("project", 2);
const runId: RunId = idOf("run", 3);

const group = (parts: Partial<MeasuredUsage> = {}): MeasuredUsage => ({
  workspaceId,
  projectId: null,
  runId: null,
  cpuUsec: 0,
  memory: 1000,
  tasks: 2,
  oomKills: 0,
  disk: null,
  pressure: null,
  ...parts,
});
const tree = (cpuUsec: number, parts: Partial<MeasuredUsage> = {}) => [
  group({ cpuUsec: 2 * cpuUsec, ...parts }),
  group({ cpuUsec, projectId, ...parts }),
  group({ cpuUsec, projectId, runId, ...parts }),
];
const capacity = 4000;
const newMeter = () => new UsageMeter({ capacity });
/** Looks one second apart. */
function looks(meter: UsageMeter, ...groups: MeasuredUsage[][]) {
  return groups
    .map((each, second) => meter.read({ groups: each, atMonotonicMs: 5000 + second * 1000 }, second))
    .at(-1)!;
}

describe("a meter of workspaces", () => {
  it("says what was used since the look before, of the workspace, its projects and runs", () => {
    const [reading] = looks(newMeter(), tree(7_000_000), tree(7_250_000, { disk: 500 }));
    expect(reading).toMatchObject({
      workspaceId,
      cpu: 500,
      memory: 1000,
      tasks: 2,
      runs: 1,
      disk: 500,
      pressure: null,
    });
    expect(reading?.projects).toMatchObject([{ project: projectKey(projectId), cpu: 250, runs: 1, disk: 500 }]);
    expect(reading?.topRuns).toEqual([{ runId, cpu: 250, memory: 1000, tasks: 2 }]);
  });

  it("says what passed over the network where its group says it, and nothing where it does not", () => {
    const network = { received: 7, sent: 8 };
    const [reading] = newMeter().read({ groups: [group({ network }), group({ projectId })], atMonotonicMs: 5000 }, 1);
    expect(reading?.network).toEqual(network);
    expect(reading?.projects[0]?.network).toBeNull();
  });

  it("knows nothing of the time before its first look, and all of what began after it", () => {
    expect(looks(newMeter(), tree(7_000_000))[0]).toMatchObject({ cpu: 0, runs: 1 });
    const later = tree(0, { workspaceId: idOf("workspace", 4) });
    expect(looks(newMeter(), later, [...later, ...tree(100_000)])[1]).toMatchObject({ workspaceId, cpu: 200 });
  });

  it("says nothing twice at once: a look right after another repeats it", () => {
    const meter = newMeter();
    looks(meter, tree(0), tree(300_000));
    const [again] = meter.read({ groups: tree(310_000), atMonotonicMs: 6001 }, 9);
    expect(again?.cpu).toBe(600);
  });

  it("gives pressure in hundredths of a percent", () => {
    const [reading] = looks(newMeter(), tree(0, { pressure: { cpu: 1.5, memory: 0, io: 99.99 } }));
    expect(reading?.pressure).toEqual({ cpu: 150, memory: 0, io: 9999 });
  });

  it("names the runs that use most, and no more than a few", () => {
    const runs = Array.from({ length: 9 }, (_, i) => group({ runId: idOf("run", i), cpuUsec: 0, memory: i }));
    const used = runs.map((run, i) => ({ ...run, cpuUsec: (i % 4) * 10_000 }));
    const [reading] = looks(newMeter(), [group(), ...runs], [group(), ...used]);
    expect(reading?.topRuns.map(({ cpu, memory }) => [cpu, memory])).toEqual([
      [30, 7],
      [30, 3],
      [20, 6],
      [20, 2],
      [10, 5],
    ]);
    expect(reading?.runs).toBe(9);
  });

  it("counts no more workspaces and projects than a reading may have, whatever is on the machine", () => {
    const many = Array.from({ length: 300 }, (_, i) => `ws_${String(i).padStart(26, "0")}` as WorkspaceId);
    const groups = many.flatMap((id) => [group({ workspaceId: id }), group({ workspaceId: id, projectId })]);
    const readings = looks(newMeter(), groups);
    expect(readings.reduce((sum, { projects }) => sum + 1 + projects.length, 0)).toBeLessThanOrEqual(256);
    expect(readings.length).toBeGreaterThan(100);
  });
});

const counter = fc.oneof(fc.nat({ max: 10_000_000 }), fc.maxSafeNat());
const story = fc.array(fc.record({ usec: counter, passedMs: fc.integer({ min: -10_000, max: 100_000 }) }), {
  minLength: 1,
  maxLength: 20,
});

it("[F7] never gives a negative or impossible number, whatever counters and clocks do: restarts, jumps, going back", () => {
  fc.assert(
    fc.property(story, (steps) => {
      const meter = newMeter();
      let atMonotonicMs = 0;
      for (const [index, { usec, passedMs }] of steps.entries()) {
        atMonotonicMs += passedMs;
        const readings = meter.read({ groups: tree(usec), atMonotonicMs }, index);
        for (const { cpu, projects, topRuns } of readings)
          for (const used of [cpu, ...projects.map((one) => one.cpu), ...topRuns.map((run) => run.cpu)]) {
            expect(Number.isSafeInteger(used)).toBe(true);
            expect(used).toBeGreaterThanOrEqual(0);
            expect(used).toBeLessThanOrEqual(capacity);
          }
        for (const packed of encodeWorkspaces(readings))
          expect(workspaceGroupSchema.safeParse(packed).success).toBe(true);
      }
    }),
  );
});
