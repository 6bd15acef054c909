import { QuotaTree } from "@quarterdeck/core/quota/quota-tree";
import { FairScheduler } from "@quarterdeck/core/scheduling/fair-scheduler";
import TinyQueue from "tinyqueue";
import { compare, type Row } from "../row.ts";
import { demand, limits } from "./loaded-scheduler.ts";

const queues = 1000;
const tasksPerQueue = 50;
const places = 100;
const barSeconds = 2;
const longestMs = 400;

interface Start {
  readonly queue: number;
  readonly expectedMs: number;
}

/** 1,000 queues of 50 tasks each on one server that has room for 100, played to the end. */
export async function measureThousandQueues(): Promise<Row[]> {
  play(); // What runs the first time is compiled.
  const { seconds, starts } = play();
  return [
    compare({
      what: "1,000 queues of 50 tasks to the end",
      ours: seconds,
      peer: barSeconds,
      peerName: "the bar itself; Kueue's published test takes 20 min",
      unit: "s",
      bar: 1,
      direction: "at most",
      config: { queues, tasksPerQueue, places, checkedStarts: checkFairness(starts) },
    }),
  ];
}

function play(): { readonly seconds: number; readonly starts: readonly Start[] } {
  const starts: Start[] = [];
  const begin = performance.now();
  const quotas = new QuotaTree();
  quotas.add("server", null, limits({ cpu: places }));
  const scheduler = new FairScheduler({ quotas, serverId: "server" });
  for (let queue = 0; queue < queues; queue++) {
    quotas.add(`org_${queue}`, "server", limits({}));
    quotas.add(`workspace_${queue}`, `org_${queue}`, limits({}));
    quotas.add(`project_${queue}`, `workspace_${queue}`, limits({}));
    for (let n = 0; n < tasksPerQueue; n++) {
      const added = scheduler.enqueue({
        id: `${queue} ${n}`,
        nodeId: `project_${queue}`,
        band: "normal",
        seq: n,
        demand: one,
        expectedMs: 1 + ((queue * 31 + n * 17) % longestMs),
        isOrdered: false,
      });
      if (!added.ok) throw new Error(added.error.message);
    }
  }
  const running = new TinyQueue<{ readonly id: string; readonly endsAtMs: number }>(
    [],
    (a, b) => a.endsAtMs - b.endsAtMs,
  );
  for (let nowMs = 0; ; ) {
    for (let next = scheduler.next(nowMs); next; next = scheduler.next(nowMs)) {
      running.push({ id: next.id, endsAtMs: nowMs + next.expectedMs });
      starts.push({ queue: Number.parseInt(next.id, 10), expectedMs: next.expectedMs });
    }
    const first = running.pop();
    if (first === undefined) break;
    nowMs = first.endsAtMs;
    scheduler.ended(first.id);
  }
  return { seconds: (performance.now() - begin) / 1000, starts };
}

const one = demand({ cpu: 1 });

/**
 * Holds each start against the bound: no two queues that still have tasks are further apart than the largest task of each.
 *
 * @throws when it was violated
 */
function checkFairness(starts: readonly Start[]): number {
  if (starts.length !== queues * tasksPerQueue) throw new Error(`${starts.length} tasks were started`);
  const charged = new Float64Array(queues);
  const left = new Uint8Array(queues).fill(tasksPerQueue);
  for (const { queue, expectedMs } of starts) {
    charged[queue] = (charged[queue] as number) + expectedMs;
    left[queue] = (left[queue] as number) - 1;
    let least = Number.POSITIVE_INFINITY;
    let most = 0;
    for (let other = 0; other < queues; other++) {
      if (left[other] === 0) continue;
      least = Math.min(least, charged[other] as number);
      most = Math.max(most, charged[other] as number);
    }
    if (most - least > 2 * longestMs) throw new Error(`two queues were ${most - least} ms apart`);
  }
  return starts.length;
}
