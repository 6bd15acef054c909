import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { compare, type Row } from "../row.ts";
import { LoadedScheduler, treeOf } from "./loaded-scheduler.ts";

const tasks = 100_000;
const barBytes = 400;
/** What is left of a tenant without tasks may round to nothing. */
const barTenantBytes = 1;

/** What a task that waits takes in memory, and what is left of tenants that have none any more. */
export async function measureSchedulerMemory(): Promise<Row[]> {
  const collect = garbageCollector();
  const tenantCounts = [10, 1000, 10_000];
  return [
    ...tenantCounts.map((tenants) => measureTasks(tenants, collect)),
    ...tenantCounts.map((tenants) => measureWholeTasks(tenants, collect)),
    measureTenants(collect),
  ];
}

function measureTasks(tenants: number, collect: () => void): Row {
  const quotas = treeOf(tenants);
  const loaded = new LoadedScheduler(quotas, tenants);
  const waiting = Array.from({ length: tasks }, () => loaded.newTask());
  const before = usedBytes(collect);
  for (const task of waiting) loaded.enqueue(task);
  const bytes = (usedBytes(collect) - before) / tasks;
  if (loaded.scheduler.waitingCount !== waiting.length) throw new Error("not all tasks wait");
  return compare({
    what: `memory of a queued task, ${tenants} tenants`,
    ours: bytes,
    peer: barBytes,
    peerName: "the bar itself",
    unit: "bytes",
    bar: 1,
    direction: "at most",
    config: { tasks, tenants, counted: "heap and array buffers, without the caller's own task and its id" },
  });
}

/** All that a task takes: also its id, and what its caller made of it, which nobody keeps when the scheduler has it. */
function measureWholeTasks(tenants: number, collect: () => void): Row {
  const loaded = new LoadedScheduler(treeOf(tenants), tenants);
  const before = usedBytes(collect);
  loaded.fill(tasks);
  const bytes = (usedBytes(collect) - before) / tasks;
  if (loaded.scheduler.waitingCount !== tasks) throw new Error("not all tasks wait");
  return compare({
    what: `memory of a queued task with its id, ${tenants} tenants`,
    ours: bytes,
    peer: barBytes,
    peerName: "the bar itself",
    unit: "bytes",
    bar: 1,
    direction: "at most",
    config: {
      tasks,
      tenants,
      counted: "heap and array buffers: all that is left when the caller has forgotten its task",
    },
  });
}

function measureTenants(collect: () => void): Row {
  const tenants = 10_000;
  const quotas = treeOf(tenants);
  const loaded = new LoadedScheduler(quotas, tenants);
  runAll(new LoadedScheduler(quotas, tenants), 2 * tenants); // What runs the first time is compiled.
  const before = usedBytes(collect);
  runAll(loaded, 2 * tenants);
  const bytes = Math.max(0, usedBytes(collect) - before) / tenants;
  if (loaded.scheduler.waitingCount + loaded.scheduler.runningCount > 0) throw new Error("something is left");
  return compare({
    what: "memory of a tenant that has no tasks any more",
    ours: bytes,
    peer: barTenantBytes,
    peerName: "the bar itself",
    unit: "bytes",
    bar: 1,
    direction: "at most",
    config: { tenants, tasksBefore: 2 * tenants },
  });
}

function runAll(loaded: LoadedScheduler, count: number): void {
  loaded.fill(count);
  const started = Array.from({ length: count }, () => loaded.dispatch());
  for (const id of started) loaded.scheduler.ended(id);
}

function usedBytes(collect: () => void): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
