import { median } from "../percentile.ts";
import { sendAll } from "../rig/http-load.ts";
import { LoneApi } from "../rig/lone-api.ts";
import { residentSetBytes } from "../rig/process-usage.ts";
import { compare, type Row } from "../row.ts";

const starts = 7;
const requests = 10_000;
const atOnce = 32;

/** The API's process: how soon it answers on a database that is there, and what it takes after many requests. */
export async function measureProcess(): Promise<Row[]> {
  await using ours = await LoneApi.start();
  const readyMs: number[] = [];
  for (let start = 0; start < starts; start++) {
    await ours.kill();
    const beganAt = performance.now();
    await ours.begin();
    readyMs.push(performance.now() - beganAt);
  }
  const call = { url: ours.query("workspaces.get", { workspaceId: ours.workspaceId }), headers: ours.headers };
  await sendAll(
    Array.from({ length: requests }, () => call),
    atOnce,
  );
  const itself = { peerName: "the bar itself", bar: 1, direction: "at most" } as const;
  return [
    compare({
      ...itself,
      what: "API ready on an existing database",
      ours: median(readyMs),
      peer: 1_000,
      unit: "ms",
      config: { starts },
    }),
    compare({
      ...itself,
      what: `API process after ${requests} requests, RSS`,
      ours: residentSetBytes(ours.api.pid),
      peer: 150_000_000,
      unit: "bytes",
      config: { requests, atOnce },
    }),
  ];
}
