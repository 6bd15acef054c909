import type { OrgId, ProjectId, RunId, WorkspaceId } from "@quarterdeck/core/ids";
import type { NodeLimits } from "@quarterdeck/core/protocol/relay-api";
import { expect, it } from "vitest";
import { CommandQueue, type SavedQueue, type WaitingRun } from "./command-queue.ts";

const orgId = "org_a" as OrgId;
const workspaceId = "ws_a" as WorkspaceId;
const project = (letter: string) => `prj_${letter}` as ProjectId;
const later = Number.MAX_SAFE_INTEGER;
const capacity = { cpu: 4000, memory: 4096, runs: 4 };
const empty: SavedQueue = { runs: [], limits: [], capacity, shares: [], patience: null, isCordoned: false };

function run(position: number, rest: Partial<WaitingRun> = {}): WaitingRun {
  return {
    runId: `run_${position}` as RunId,
    position,
    orgId,
    workspaceId,
    projectId: project("a"),
    priority: "normal",
    isOrdered: false,
    isHeldByCordon: true,
    after: [],
    demand: { cpu: 1000, memory: 1024, runs: 1 },
    expectedMs: 60_000,
    expiresAtMs: later,
    ...rest,
  };
}

function limited(id: NodeLimits["id"], limits: NodeLimits["limits"], weight = 1): NodeLimits {
  const parentId = id.startsWith("prj_") ? workspaceId : orgId;
  return { id, parentId: id === orgId ? null : parentId, limits, weight };
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
      "It asks for 1Ki of memory, and the limit of its project is 1k of memory. Ask for less, or have the limit raised.",
  });
  expect(queue.isWaiting("run_1" as RunId)).toBe(false);
  expect(queue.enqueue(run(2, { projectId: project("b"), demand: { cpu: 5000, memory: 0, runs: 1 } }))).toEqual({
    runId: "run_2",
    message: "It asks for 5 cpu, and this server offers 4 cpu in all.",
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
  expect(queue.enqueue(run(2))).toMatchObject({ message: expect.stringContaining("this server offers 0.9 cpu") });
});

it("says how much more is in use than a limit that was lowered, or than a server offers by now", () => {
  const queue = new CommandQueue(empty);
  for (const n of [1, 2]) queue.enqueue(run(n));
  expect(startAll(queue)).toHaveLength(2);
  queue.enqueue(run(3));
  queue.setLimits([limited(workspaceId, { cpu: 1500 })]);
  expect(queue.explain("run_3" as RunId, 0)).toMatchObject({ value: { reason: "limit", overdraft: 500 } });
  queue.setLimits([limited(workspaceId, { cpu: 2000 })]);
  expect(queue.explain("run_3" as RunId, 0)).not.toMatchObject({ value: { overdraft: expect.anything() } });
  queue.setLimits([]);
  queue.setCapacity({ ...capacity, cpu: 1900 });
  expect(queue.explain("run_3" as RunId, 0)).toMatchObject({ value: { reason: "capacity", overdraft: 100 } });
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

it("starts what follows another one only when that one is gone, and says so; a new signature changes nothing of that", () => {
  const queue = new CommandQueue(empty);
  const first = "run_1" as RunId;
  const follower = "run_2" as RunId;
  queue.enqueue(run(1, { expiresAtMs: 0 }));
  queue.enqueue(run(2, { after: [first] }));
  queue.enqueue(run(3, { after: ["run_9" as RunId] }));
  expect(queue.explain(follower, 0)).toMatchObject({ value: { reason: "dependency", on: [first] } });
  expect(queue.followers(first)).toEqual([follower]);
  expect(startAll(queue)).toEqual(["run_3"]);
  expect(queue.renewed(run(1))).toBeUndefined();
  expect(startAll(queue)).toEqual([first]);
  expect(queue.followers(first)).toEqual([follower]);
  queue.putBack(run(1));
  expect(startAll(queue)).toEqual([first]);
  queue.ended(first, 1000);
  expect(startAll(queue)).toEqual([follower]);
});

it("knows after a restart what follows what", () => {
  const saved = {
    ...empty,
    runs: [1, 2].map((n) => ({ ...run(n, n === 2 ? { after: ["run_1" as RunId] } : {}), charge: null })),
  };
  const queue = new CommandQueue(saved);
  expect(startAll(queue)).toEqual(["run_1"]);
  expect(new CommandQueue({ ...saved, runs: saved.runs.slice(1) }).decide(0)).toMatchObject({ runId: "run_2" });
});

it("says of a run that comes back with a demand which can never be met that it cannot start, and keeps it aside until it is ended", () => {
  const queue = new CommandQueue(empty);
  queue.enqueue(run(1, { expiresAtMs: 0 }));
  startAll(queue);
  const tooMuch = run(1, { demand: { cpu: 9000, memory: 0, runs: 1 } });
  expect(queue.renewed(tooMuch)).toMatchObject({ message: expect.stringContaining("this server offers 4 cpu") });
  expect(startAll(queue)).toEqual([]);
  expect(queue.remove("run_1" as RunId)).toBe(true);
});

it("takes a project's runs along when it is told to be in another workspace, also after a restart", () => {
  const other = "ws_b" as WorkspaceId;
  const at = (parentId: WorkspaceId): NodeLimits[] => [
    limited(orgId, {}),
    limited(workspaceId, { runs: 1 }),
    limited(other, { runs: 2 }),
    { id: project("a"), parentId, limits: {}, weight: 1 },
  ];
  const runs = [1, 2, 3].map((n) => run(n));
  const queue = new CommandQueue(empty);
  queue.setLimits(at(workspaceId));
  for (const one of runs) queue.enqueue(one);
  expect(startAll(queue)).toEqual(["run_1"]);
  expect(queue.setLimits(at(other))).toEqual([]);
  expect(startAll(queue)).toEqual(["run_2"]);
  expect(queue.explain("run_3" as RunId, 0)).toMatchObject({ value: { reason: "limit", nodeId: other } });

  const restarted = new CommandQueue({
    ...empty,
    limits: at(other),
    runs: runs.map((one) => ({ ...one, charge: null })),
  });
  expect(startAll(restarted)).toEqual(["run_1", "run_2"]);
  // More runs than fits in its new place go on.
  expect(restarted.setLimits(at(workspaceId))).toEqual([]);
  expect(startAll(restarted)).toEqual([]);
  restarted.ended("run_1" as RunId, 1000);
  expect(startAll(restarted)).toEqual([]);
  restarted.ended("run_2" as RunId, 1000);
  expect(startAll(restarted)).toEqual(["run_3"]);
});

it("starts what waits in a project that nobody names any more", () => {
  const queue = new CommandQueue({ ...empty, limits: [limited(project("a"), { runs: 0 })] });
  expect(queue.enqueue(run(1))).toBeDefined();
  queue.setLimits([]);
  expect(queue.enqueue(run(2))).toBeUndefined();
  expect(startAll(queue)).toEqual(["run_2"]);
});
