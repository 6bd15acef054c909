import type { OrgId, ProjectId, RunId, WorkspaceId } from "@quarterdeck/core/ids";
import type { NodeLimits } from "@quarterdeck/core/protocol/relay-api";
import { expect, it } from "vitest";
import { CommandQueue, type SavedQueue, type WaitingRun } from "./command-queue.ts";

const orgId = "org_a" as OrgId;
const workspaceId = "ws_a" as WorkspaceId;
const project = (letter: string) => `prj_${letter}` as ProjectId;
const later = Number.MAX_SAFE_INTEGER;
const capacity = { cpu: 4000, memory: 4096, runs: 4 };
const empty: SavedQueue = { runs: [], limits: [], capacity, shares: [], patience: null };

function run(position: number, rest: Partial<WaitingRun> = {}): WaitingRun {
  return {
    runId: `run_${position}` as RunId,
    position,
    orgId,
    workspaceId,
    projectId: project("a"),
    priority: "normal",
    isOrdered: false,
    demand: { cpu: 1000, memory: 1024, runs: 1 },
    expectedMs: 60_000,
    expiresAtMs: later,
    ...rest,
  };
}

function limited(id: NodeLimits["id"], limits: NodeLimits["limits"], weight = 1): NodeLimits {
  return { id, parentId: id === orgId ? null : orgId, limits, weight };
}

function startAll(queue: CommandQueue): string[] {
  const started: string[] = [];
  for (let next = queue.decide(0); next; next = queue.decide(0)) if (next.kind === "dispatch") started.push(next.runId);
  return started;
}

it("holds a workspace to its limit, says so, and lets others by", () => {
  const queue = new CommandQueue({ ...empty, limits: [limited(workspaceId, { runs: 1, disk: 5, cpu: null })] });
  for (const n of [1, 2]) expect(queue.enqueue(run(n))).toBeUndefined();
  queue.enqueue(run(3, { workspaceId: "ws_b" as WorkspaceId, projectId: project("b") }));
  expect(startAll(queue).toSorted()).toEqual(["run_1", "run_3"]);
  expect(queue.explain("run_2" as RunId, 0)).toMatchObject({
    value: { reason: "limit", nodeId: workspaceId, resource: "runs", position: 1 },
  });
  expect(queue.ended("run_1" as RunId, 1000)).toBe(true);
  expect(startAll(queue)).toEqual(["run_2"]);
});

it("refuses a run that is over a limit however long it waits, in words", () => {
  const queue = new CommandQueue({ ...empty, limits: [limited(project("a"), { memory: 1000 })] });
  expect(queue.enqueue(run(1))).toEqual({
    runId: "run_1",
    message:
      "It asks for 1024 of memory, and the limit of its project is 1000. Ask for less, or have the limit raised.",
  });
  expect(queue.isWaiting("run_1" as RunId)).toBe(false);
  expect(queue.enqueue(run(2, { projectId: project("b"), demand: { cpu: 5000, memory: 0, runs: 1 } }))).toEqual({
    runId: "run_2",
    message: "It asks for 5000 of cpu, and this server offers 4000 in all.",
  });
});

it("names what can never start any more when limits are lowered, and knows no limit of who is not named again", () => {
  const queue = new CommandQueue(empty);
  queue.enqueue(run(1));
  expect(queue.setLimits([limited(orgId, { cpu: 500 })])).toMatchObject([{ runId: "run_1" }]);
  expect(startAll(queue)).toEqual([]);
  expect(queue.setLimits([limited(workspaceId, { runs: 0 })])).toMatchObject([{ runId: "run_1" }]);
  expect(queue.setLimits([])).toEqual([]);
  expect(startAll(queue)).toEqual(["run_1"]);
  expect(queue.setCapacity({ cpu: 900, memory: 4096, runs: 4 })).toEqual([]);
  expect(queue.enqueue(run(2))).toMatchObject({ message: expect.stringContaining("this server offers 900") });
});

it("shares by the weights that it was told, also for nodes that come later", () => {
  const queue = new CommandQueue({ ...empty, capacity: { cpu: 1000, memory: 4096, runs: 1 } });
  queue.setLimits([limited(project("a"), {}, 3)]);
  for (let n = 1; n <= 40; n++) queue.enqueue(run(n, { projectId: project(n % 2 ? "a" : "b") }));
  const order: number[] = [];
  for (let n = 0; n < 16; n++) {
    const next = queue.decide(0);
    if (next) order.push(Number(next.runId.slice(4)));
    if (next) queue.ended(next.runId, 60_000);
  }
  expect(order.filter((n) => n % 2 === 1)).toHaveLength(12);
});

it("steps aside for a signature without its charge, keeps its place, and comes back with another demand", () => {
  const queue = new CommandQueue(empty);
  queue.enqueue(run(1, { isOrdered: true, expiresAtMs: 0 }));
  queue.enqueue(run(2, { isOrdered: true }));
  expect(queue.decide(0)).toEqual({ kind: "renew", runId: "run_1" });
  expect(startAll(queue)).toEqual([]);
  expect(queue.renewals()).toEqual(["run_1"]);
  expect(queue.explain("run_1" as RunId, 0)).toEqual({ ok: true, value: { reason: "signature" } });
  expect(queue.renewed(run(1, { isOrdered: true, demand: { cpu: 2000, memory: 0, runs: 1 } }))).toBeUndefined();
  expect(queue.renewals()).toEqual([]);
  expect(startAll(queue)).toEqual(["run_1"]);
});
