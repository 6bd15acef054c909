import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import type { QuarterdeckClient } from "@quarterdeck/api/client";
import { makeId, type RunId, type TaskId, type WorkspaceId } from "@quarterdeck/core/ids";
import { ConsoleViewer } from "../console-viewer.ts";
import { LocalQueue, type Job } from "../peers/local-queue.ts";
import { percentile, median } from "../percentile.ts";
import { startPlatform } from "../platform.ts";
import { compare, type MeasureArea } from "../row.ts";

const rounds = 5;
const tasksAtOnce = 100;
const singles = 30;
/** What a user may wait longer for the first output than with a queue of their own on the server. */
const addedByPlatformMs = 20;

/** The whole road, beside a durable queue on the same machine that spawns the same programs. */
export const measure: MeasureArea = async () => {
  const folder = mkdtempSync(join(tmpdir(), "quarterdeck-peer-"));
  const concurrency = Math.max(4, cpus().length * 2);
  const peer = new LocalQueue(join(folder, "queue.db"), concurrency);
  const platform = await startPlatform();
  try {
    const road = await openRoad(platform.client, platform.url);
    const burst = { ours: [] as number[][], peer: [] as number[][] };
    for (let round = 0; round < rounds; round++) {
      burst.ours.push(await road.burst(tasksAtOnce));
      burst.peer.push(
        await Promise.all(Array.from({ length: tasksAtOnce }, async () => (await peer.run(noOp)).resultMs)),
      );
    }
    const first = { ours: [] as number[], peer: [] as number[] };
    const trip = { ours: [] as number[], peer: [] as number[] };
    for (let n = 0; n < singles; n++) {
      first.ours.push(await road.firstOutput(greeting));
      first.peer.push((await peer.run(greeting)).firstOutputMs ?? Number.NaN);
      trip.ours.push(await road.roundTrip());
      trip.peer.push((await peer.run({ program: "cat", args: [join(import.meta.dirname, "skeleton.ts")] })).resultMs);
    }
    road.close();

    const ofRounds = (all: number[][], share: number) => median(all.map((round) => percentile(round, share)));
    const settings = { tasksAtOnce, rounds, singles, concurrency, peerDurability: "SQLite WAL, synchronous FULL" };
    const peerName = "durable local queue";
    const common = { unit: "ms", direction: "at most", peerName } as const;
    return [
      compare({
        ...common,
        what: `submit → result, ${tasksAtOnce} at once, p50`,
        ours: ofRounds(burst.ours, 0.5),
        peer: ofRounds(burst.peer, 0.5),
        bar: 12,
        config: { ...settings, program: "true" },
      }),
      compare({
        ...common,
        what: `submit → result, ${tasksAtOnce} at once, p99`,
        ours: ofRounds(burst.ours, 0.99),
        peer: ofRounds(burst.peer, 0.99),
        bar: 12,
        config: { ...settings, program: "true" },
      }),
      compare({
        ...common,
        what: "submit → first output, one at a time, p50",
        ours: median(first.ours),
        peer: median(first.peer) + addedByPlatformMs,
        peerName: `${peerName} + ${addedByPlatformMs} ms`,
        bar: 1,
        config: { ...settings, program: "echo", oursP99: percentile(first.ours, 0.99), peerP50: median(first.peer) },
      }),
      compare({
        ...common,
        what: "console → bridge → console, a read, p50",
        ours: median(trip.ours),
        peer: median(trip.peer) + addedByPlatformMs,
        peerName: `${peerName} running cat + ${addedByPlatformMs} ms`,
        bar: 1,
        config: { ...settings, action: "task.log", oursP99: percentile(trip.ours, 0.99), peerP50: median(trip.peer) },
      }),
    ];
  } finally {
    await platform.stop();
    peer.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

const noOp: Job = { program: "true", args: [] };
const greeting: Job = { program: "echo", args: ["hello"] };

/** What a user of the console does, with the clock running. */
async function openRoad({ api, ...client }: QuarterdeckClient, url: string) {
  const server = await firstOnlineServer(api);
  const { workspaceId } = await api.workspaces.create.mutate({ name: "Bench", serverId: server.serverId });
  const viewer = await ConsoleViewer.open({ api, ...client }, server.serverId, url);
  const submit = async (job: Job) => (await api.tasks.submit.mutate(execution(workspaceId, job))).runId;
  const warmUp = await submit(greeting);
  await viewer.watch(warmUp);

  return {
    /** Submits many at once; the times until the platform has each one's result and says so. */
    async burst(count: number): Promise<number[]> {
      const submittedAt = new Map<TaskId, number>();
      const times: number[] = [];
      const done = Promise.withResolvers<void>();
      let isLooking = false;
      let isChanged = false;
      const look = async () => {
        isChanged = true;
        if (isLooking) return;
        isLooking = true;
        while (isChanged) {
          isChanged = false;
          const { tasks } = await api.tasks.list.query({ workspaceId, limit: 100 });
          for (const { taskId, state } of tasks) {
            const since = submittedAt.get(taskId);
            if (since === undefined || state !== "ended") continue;
            submittedAt.delete(taskId);
            times.push(performance.now() - since);
          }
          if (times.length === count) done.resolve();
        }
        isLooking = false;
      };
      const subscription = api.events.changes.subscribe(
        {},
        { onData: () => void look().catch(done.reject), onError: done.reject },
      );
      await Promise.all(
        Array.from({ length: count }, () => {
          const task = execution(workspaceId, noOp);
          submittedAt.set(task.taskId, performance.now());
          return api.tasks.submit.mutate(task);
        }),
      );
      await done.promise;
      subscription.unsubscribe();
      return times;
    },
    /** From the submission to the first byte of output in the console. */
    async firstOutput(job: Job): Promise<number> {
      const submittedAt = performance.now();
      return (await viewer.watch(await submit(job))).firstAt - submittedAt;
    },
    /** From the question to the whole answer: a read of an old log from the server. */
    async roundTrip(runId: RunId = warmUp): Promise<number> {
      const askedAt = performance.now();
      const params = { runId, fromOffset: 0, maxBytes: 1024 };
      const asked = await api.tasks.submit.mutate({
        taskId: newTaskId(),
        workspaceId,
        projectId: null,
        action: "task.log",
        params,
      });
      return (await viewer.watch(asked.runId)).endAt - askedAt;
    },
    close: () => viewer.close(),
  };
}

async function firstOnlineServer(api: QuarterdeckClient["api"]) {
  for (;;) {
    const server = (await api.servers.list.query()).find(({ status }) => status === "online");
    if (server) return server;
  }
}

function execution(workspaceId: WorkspaceId, { program, args }: Job) {
  return { taskId: newTaskId(), workspaceId, projectId: null, action: "exec", params: { program, args: [...args] } };
}

function newTaskId(): TaskId {
  return makeId("task", Date.now(), crypto.getRandomValues(new Uint8Array(16)));
}
