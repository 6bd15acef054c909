import { cpuNanos } from "../cpu-time.ts";
import { percentile } from "../percentile.ts";
import { compare, type Row } from "../row.ts";
import { LoadedScheduler, treeOf } from "./loaded-scheduler.ts";

const depths = [1000, 100_000] as const;
const tenants = 1000;
const asked = 25;
const warmUps = 5;
/** No bar was set. Whoever asks waits for it, and so do the runs of that server: at most a fifth of a second of its object. */
const barMs = 200;

/** What it costs to say why a task waits, and when it will start: the queue is played ahead for it. */
export async function measureExplain(): Promise<Row[]> {
  return depths.map(measureAt);
}

function measureAt(depth: number): Row {
  const loaded = new LoadedScheduler(treeOf(tenants), tenants);
  const waiting = Array.from({ length: depth }, () => loaded.newTask());
  for (const task of waiting) loaded.enqueue(task);
  const times: number[] = [];
  let furthest = 0;
  for (let round = -warmUps; round < asked; round++) {
    const at = Math.floor(((round + warmUps) * (depth - 1)) / (warmUps + asked - 1));
    const id = waiting[at]?.id ?? "";
    const nanos = cpuNanos(() => {
      const said = loaded.scheduler.explain(id, 0);
      if (!said.ok) throw new Error(said.error.message);
      furthest = Math.max(furthest, said.value.position ?? 0);
    });
    if (round >= 0) times.push(nanos / 1e6);
  }
  return compare({
    what: `to explain why a task waits, ${depth} queued, p50`,
    ours: percentile(times, 0.5),
    peer: barMs,
    peerName: "the bar itself, which nobody has set",
    unit: "ms",
    bar: 1,
    direction: "at most",
    config: { depth, tenants, asked, p99Ms: Number(percentile(times, 0.99).toFixed(1)), furthestPosition: furthest },
  });
}
