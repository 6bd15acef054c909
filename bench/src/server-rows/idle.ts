import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { makeId, type ProjectId } from "@quarterdeck/core/ids";
import { build } from "esbuild";
import { WebSocketServer } from "ws";
import { median } from "../percentile.ts";
import { startNetdata, startNodeExporter } from "../peers/exporters.ts";
import { cores, pinned } from "../rig/cpu-cores.ts";
import { buildBridge, PackagedBridge } from "../rig/packaged-bridge.ts";
import { cpuMicros, residentBytes, residentSetBytes } from "../rig/process-usage.ts";
import { compare, type Row } from "../row.ts";

const projects = 20;
const settleMs = 10_000;
const rounds = 5;
const roundMs = 6_000;

/** A bridge that does nothing but tell how its server is, each second. */
export async function measureIdle(): Promise<Row[]> {
  buildBridge();
  await using bridge = await PackagedBridge.enrol();
  await bridge.start();
  await openProjects(bridge);
  bridge.relay.watch({ telemetry: true });
  await using bare = await startBareDaemon();
  await using nodeExporter = await startNodeExporter();
  await using netdata = await startNetdata();
  await delay(settleMs);

  const measured = {
    ours: [] as number[],
    bare: [] as number[],
    nodeExporter: [] as number[],
    netdata: [] as number[],
  };
  const pids = {
    ours: () => bridge.pids,
    bare: () => [bare.pid],
    nodeExporter: nodeExporter.pids,
    netdata: netdata.pids,
  };
  for (let round = 0; round < rounds; round++) {
    const before = mapValues(pids, (find) => usedBy(find()));
    await delay(roundMs);
    const after = mapValues(pids, (find) => usedBy(find()));
    for (const name of Object.keys(measured) as (keyof typeof measured)[])
      measured[name].push(((after[name] - before[name]) / (roundMs * 1000)) * 100);
  }
  const cpu = mapValues(measured, (values) => median(values));
  const sum = (list: readonly number[], of: (pid: number) => number) => list.reduce((total, pid) => total + of(pid), 0);
  const [, daemon = 0] = bridge.pids;
  const config = { projects, processes: bridge.pids.length, rounds, roundMs };
  const memory = {
    unit: "bytes",
    direction: "at most",
    bar: 1.3,
    peerName: "bare Node with ws and the same readings",
    config,
  } as const;
  const time = { unit: "% of a core", direction: "at most", bar: 1, config } as const;
  return [
    compare({
      ...memory,
      what: "idle bridge, the daemon, RSS",
      ours: residentSetBytes(daemon),
      peer: residentSetBytes(bare.pid),
    }),
    compare({
      ...memory,
      what: "idle bridge, the daemon, PSS",
      ours: residentBytes(daemon),
      peer: residentBytes(bare.pid),
    }),
    compare({
      ...memory,
      what: "idle bridge, all its processes, PSS",
      ours: sum(bridge.pids, residentBytes),
      peer: residentBytes(bare.pid),
    }),
    compare({
      ...time,
      what: "idle bridge, CPU of all its processes",
      ours: cpu.ours,
      peer: cpu.nodeExporter,
      peerName: "prometheus-node-exporter scraped each second",
    }),
    compare({
      ...time,
      what: "idle bridge, CPU of all its processes",
      ours: cpu.ours,
      peer: cpu.netdata,
      peerName: "netdata at 1 s",
      config: { ...config, bareNode: cpu.bare },
    }),
  ];
}

function usedBy(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuMicros(pid), 0);
}

function mapValues<Name extends string, From, To>(values: Readonly<Record<Name, From>>, map: (value: From) => To) {
  return Object.fromEntries(Object.entries<From>(values).map(([name, value]) => [name, map(value)] as const)) as Record<
    Name,
    To
  >;
}

/** Has a run in each of so many projects, so that the bridge knows them and their groups are there. */
async function openProjects({ relay, data }: PackagedBridge): Promise<void> {
  await relay.run({ action: "workspace.create" });
  for (let n = 0; n < projects; n++) {
    const projectId: ProjectId = makeId("project", Date.now(), crypto.getRandomValues(new Uint8Array(16)));
    mkdirSync(data.workspace(relay.platform.workspaceId).project(projectId), { recursive: true });
    const end = await relay.run({ action: "exec", projectId, params: { program: "true", args: [] } });
    if (end.verdict !== "succeeded") throw new Error(end.message ?? "a run in a project failed");
  }
}

async function startBareDaemon() {
  const folder = mkdtempSync(join(tmpdir(), "quarterdeck-bench-bare-"));
  const script = join(folder, "bare-daemon.mjs");
  await build({
    entryPoints: [join(import.meta.dirname, "../peers/bare-daemon.ts")],
    outfile: script,
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["bufferutil", "utf-8-validate"],
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  const folders = Array.from({ length: projects }, (_, n) => join(folder, String(n)));
  for (const project of folders) {
    mkdirSync(project);
    for (const name of ["cpu", "memory", "tasks"]) writeFileSync(join(project, name), "123456789\n");
  }
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [command = "", ...args] = pinned(cores.server, [process.execPath, script, url, ...folders]);
  const child = spawn(command, args, { stdio: "ignore" });
  await once(server, "connection");
  return {
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
