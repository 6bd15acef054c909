import type { OrgId, ProjectId, RunId, WorkspaceId } from "@quarterdeck/core/ids";
import { expect, it } from "vitest";
import { CommandQueue, type SavedQueue, type WaitingRun } from "./command-queue.ts";

const empty: SavedQueue = {
  runs: [],
  limits: [],
  capacity: { cpu: 4000, memory: 4096, runs: 4 },
  shares: [],
  patience: null,
  isCordoned: false,
};

function run(position: number, rest: Partial<WaitingRun> = {}): WaitingRun {
  return {
    runId: `run_${position}` as RunId,
    position,
    orgId: "org_a" as OrgId,
    workspaceId: "ws_a" as WorkspaceId,
    projectId: "prj_a" as ProjectId,
    priority: "normal",
    isOrdered: false,
    isHeldByCordon: true,
    after: [],
    demand: { cpu: 1000, memory: 1024, runs: 1 },
    expectedMs: 60_000,
    expiresAtMs: Number.MAX_SAFE_INTEGER,
    ...rest,
  };
}

const cordoned = { ok: true, value: { reason: "cordoned" } };
const read = { isHeldByCordon: false, demand: { cpu: 0, memory: 0, runs: 0 } };

function startAll(queue: CommandQueue): string[] {
  const started: string[] = [];
  for (let next = queue.decide(0); next; next = queue.decide(0)) if (next.kind === "dispatch") started.push(next.runId);
  return started;
}

it("starts nothing that uses a cordoned server, says so, and goes on in the old order afterwards", () => {
  const queue = new CommandQueue(empty);
  queue.enqueue(run(1, { isOrdered: true }));
  queue.setCordon(true);
  queue.enqueue(run(2, { isOrdered: true }));
  queue.enqueue(run(3, read));
  expect(startAll(queue)).toEqual(["run_3"]);
  expect(queue.explain("run_1" as RunId, 0)).toEqual(cordoned);
  expect(queue.explain("run_2" as RunId, 0)).toEqual(cordoned);
  queue.setCordon(false);
  expect(startAll(queue)).toEqual(["run_1"]);
  queue.ended("run_1" as RunId, 1000);
  expect(startAll(queue)).toEqual(["run_2"]);
});

it("stays cordoned after a restart, and what the bridge has goes on", () => {
  const charge = { startedAtMs: 0, cost: 1, bandWeight: 1, start: 0 };
  const runs = [
    { ...run(1), charge },
    { ...run(2), charge: null },
  ];
  const queue = new CommandQueue({ ...empty, runs, isCordoned: true });
  expect(startAll(queue)).toEqual([]);
  expect(queue.explain("run_2" as RunId, 0)).toEqual(cordoned);
  queue.putBack(run(1));
  expect(startAll(queue)).toEqual([]);
  queue.setCordon(false);
  expect(startAll(queue)).toEqual(["run_1", "run_2"]);
});

it("starts nothing that was signed anew while the server was cordoned, and asks for no signature before it may start [T3]", () => {
  const queue = new CommandQueue(empty);
  queue.enqueue(run(1, { expiresAtMs: 0 }));
  queue.enqueue(run(2, { expiresAtMs: 0 }));
  expect(startAll(queue)).toEqual([]);
  expect(queue.renewals()).toEqual(["run_1", "run_2"]);
  queue.setCordon(true);
  expect(queue.renewals()).toEqual([]);
  expect(queue.renewed(run(1))).toBeUndefined(); // The answer was on its way.
  expect(startAll(queue)).toEqual([]);
  queue.setCordon(false);
  expect(queue.renewals()).toEqual(["run_2"]);
  expect(startAll(queue)).toEqual(["run_1"]);
});
