import { randomUUID } from "node:crypto";
import { id } from "../../../apps/relay/test/platform.ts";
import { BareTrpc } from "../peers/bare-trpc-process.ts";
import { median } from "../percentile.ts";
import { sendAll, type HttpCall } from "../rig/http-load.ts";
import { forEachOf } from "../rig/in-turn.ts";
import { LoneApi } from "../rig/lone-api.ts";
import { compare, type Row } from "../row.ts";

const rounds = 7;
const perRound = 1_024;
const atOnce = 64;

/** A mutation with its audit entry, its event and its outbox row, durable when it is answered, beside a durable insert and nothing else. */
export async function measureMutation(): Promise<Row[]> {
  await using ours = await LoneApi.start();
  await using peer = await BareTrpc.start();
  const headers = { ...ours.headers, "content-type": "application/json" };
  const tasks = Array.from({ length: perRound }, () => id("task"));
  await forEachOf(tasks, atOnce, (taskId) => {
    const task = { taskId, workspaceId: ours.workspaceId, projectId: null } as const;
    return ours.client.api.tasks.submit.mutate({ ...task, action: "exec", params: { program: "true", args: [] } });
  });
  // Each round puts each task from one band into the other.
  const change = (round: number, taskId: string): HttpCall => {
    const body = JSON.stringify({ taskId, priority: round % 2 === 0 ? "high" : "low" });
    return { url: `${ours.api.url}/trpc/tasks.setPriority`, headers, body };
  };
  const insert = (): HttpCall => ({
    url: `${peer.url}/trpc/add`,
    headers,
    body: JSON.stringify({ id: randomUUID() }),
  });
  const rates = { ours: [] as number[], peer: [] as number[] };
  for (let round = -1; round < rounds; round++) {
    const sides = {
      ours: tasks.map((taskId) => change(round + 1, taskId)),
      peer: Array.from({ length: perRound }, insert),
    };
    for (const side of ["ours", "peer"] as const) {
      const { perSecond } = await sendAll(sides[side], atOnce);
      if (round >= 0) rates[side].push(perSecond);
    }
  }
  return [
    compare({
      what: "mutation with audit entry and outbox row, 64 at once",
      ours: median(rates.ours),
      peer: median(rates.peer),
      peerName: "hono + tRPC + grouped durable insert",
      unit: "requests/s",
      bar: 0.6,
      direction: "at least",
      config: { rounds, perRound, atOnce, procedure: "tasks.setPriority", relay: "away" },
    }),
  ];
}
