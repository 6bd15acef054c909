import { bandNames } from "@quarterdeck/core/scheduling/bands";
import type { WaitingTask } from "@quarterdeck/core/scheduling/scheduler";
import TinyQueue from "tinyqueue";
import { cpuNanos } from "../cpu-time.ts";
import { median } from "../percentile.ts";
import { compare, type Row } from "../row.ts";
import { LoadedScheduler, treeOf } from "./loaded-scheduler.ts";

const depths = [1000, 100_000, 1_000_000] as const;
const tenantCounts = [10, 1000, 10_000] as const;
const pairs = 1000;
const warmUps = 10;
const rounds = 31;
const comparedDepth = 100_000;

interface Timing {
  readonly ours: number;
  readonly peer: number;
  /** Of giving back what a run held and correcting what its nodes were charged. */
  readonly ended: number;
}

/** What a scheduler costs for a task that comes and one that goes, however many wait, and for one decision. */
export async function measureScheduler(): Promise<Row[]> {
  return [...measurePairs(), measureDecision()];
}

function measurePairs(): Row[] {
  return tenantCounts.flatMap((tenants) => {
    const byDepth = new Map(depths.map((depth) => [depth, timePairs(depth, tenants)] as const));
    const at = (depth: (typeof depths)[number]) => byDepth.get(depth) as Timing;
    const config = {
      tenants,
      levels: 4,
      resources: 5,
      pairsPerRound: pairs,
      rounds,
      clock: "CPU time of the process, with its garbage collection",
      ...Object.fromEntries(depths.map((depth) => [`tinyqueueAt${depth}`, Math.round(at(depth).peer)])),
      ...Object.fromEntries(depths.map((depth) => [`oursAt${depth}`, Math.round(at(depth).ours)])),
      ...Object.fromEntries(depths.map((depth) => [`endedAt${depth}`, Math.round(at(depth).ended)])),
    };
    return [
      compare({
        what: `enqueue and dispatch at 100,000 queued, ${tenants} tenants`,
        ours: at(comparedDepth).ours,
        peer: at(comparedDepth).peer,
        peerName: "tinyqueue, no fairness",
        unit: "ns",
        bar: 8,
        direction: "at most",
        config,
      }),
      compare({
        what: `enqueue and dispatch at 1,000,000 queued, ${tenants} tenants`,
        ours: at(1_000_000).ours,
        peer: at(1000).ours,
        peerName: "ours at 1,000 queued",
        unit: "ns",
        bar: 5,
        direction: "at most",
        config,
      }),
    ];
  });
}

/** Nanoseconds for each of a task that is added and one that is taken, in turns with the same in a plain heap. */
function timePairs(depth: number, tenants: number): Timing {
  const loaded = new LoadedScheduler(treeOf(tenants), tenants);
  loaded.fill(depth);
  const heap = new TinyQueue<{ readonly key: number; readonly id: string }>([], (a, b) => a.key - b.key);
  let seed = 1;
  const random = () => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff);
  for (let n = 0; n < depth; n++) heap.push({ key: random(), id: `run_${n}` });
  const times = { ours: [] as number[], peer: [] as number[], ended: [] as number[] };
  for (let round = -warmUps; round < rounds; round++) {
    const tasks = Array.from({ length: pairs }, () => loaded.newTask());
    const items = tasks.map(({ id }) => ({ key: random(), id }));
    const started: string[] = [];
    const ours = cpuNanos(() => {
      for (const task of tasks) {
        loaded.enqueue(task);
        started.push(loaded.dispatch());
      }
    });
    const ended = cpuNanos(() => {
      for (const id of started) loaded.scheduler.ended(id);
    });
    const peer = cpuNanos(() => {
      for (const item of items) {
        heap.push(item);
        heap.pop();
      }
    });
    if (round < 0) continue;
    times.ours.push(ours / pairs);
    times.peer.push(peer / pairs);
    times.ended.push(ended / pairs);
  }
  return { ours: median(times.ours), peer: median(times.peer), ended: median(times.ended) };
}

/** One decision at 100,000 queued, beside the list that is sorted by priority and age for each decision. */
function measureDecision(): Row {
  const depth = comparedDepth;
  const tenants = 1000;
  const loaded = new LoadedScheduler(treeOf(tenants), tenants);
  loaded.fill(depth + (warmUps + rounds) * pairs);
  const list = Array.from({ length: depth }, () => loaded.newTask());
  const times = { ours: [] as number[], peer: [] as number[] };
  for (let round = -warmUps; round < rounds; round++) {
    const ours = cpuNanos(() => {
      for (let n = 0; n < pairs; n++) loaded.dispatch();
    });
    const peer = cpuNanos(() => takeFirstOfSorted(list));
    if (round < 0) continue;
    times.ours.push(1e9 / (ours / pairs));
    times.peer.push(1e9 / peer);
  }
  return compare({
    what: "decisions at 100,000 queued",
    ours: median(times.ours),
    peer: median(times.peer),
    peerName: "sort by priority and age for each decision",
    unit: "decisions/s",
    bar: 5000,
    direction: "at least",
    config: { depth, tenants, decisionsPerRound: pairs, rounds },
  });
}

function takeFirstOfSorted(list: readonly WaitingTask[]): WaitingTask | undefined {
  const rank = (task: WaitingTask) => bandNames.indexOf(task.band);
  return list.toSorted((a, b) => rank(a) - rank(b) || a.seq - b.seq)[0];
}
