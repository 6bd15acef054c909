import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeId, type IdKind, type Id } from "@quarterdeck/core/ids";
import { DataDirectory } from "../../../packages/bridge/src/data-directory.ts";
import { openDriver } from "../../../packages/bridge/src/drivers/open-driver.ts";
import { runLimits } from "../../../packages/bridge/src/drivers/run-limits.ts";
import { DiskUse } from "../../../packages/bridge/src/host/disk-use.ts";
import { packReadings } from "../../../packages/bridge/src/telemetry/readings.ts";
import { SampleReader } from "../../../packages/bridge/src/telemetry/read-sample.ts";
import { WorkspaceUsage } from "../../../packages/bridge/src/telemetry/workspace-usage.ts";
import { systemClock } from "../../../packages/bridge/src/system-clock.ts";
import { median, percentile } from "../percentile.ts";
import { compare, type Row } from "../row.ts";

const projects = 100;
const workspaces = 10;
const rounds = 300;
const barMs = 2;

const newId = <K extends IdKind>(kind: K): Id<K> =>
  makeId(kind, Date.now(), crypto.getRandomValues(new Uint8Array(16)));

/** One look at the machine and at the groups of 100 projects, with a run in each, until it could be sent. */
export async function measureSample(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "quarterdeck-bench-sample-"));
  const { driver } = await openDriver({
    folderOf: () => folder,
    userOf: () => null,
    workspaces: folder,
    quotaIdsFile: join(folder, "quota-ids.json"),
    isRunKnown: () => false,
    nowMs: () => Date.now(),
    groupName: `quarterdeck-bench-${process.pid}`,
    sliceName: `qdbench${process.pid}`,
  });
  if (driver.name === "process")
    throw new Error("this machine has no groups that could be read; root and cgroups are needed");
  const owners = Array.from({ length: workspaces }, () => newId("workspace"));
  const runs = Array.from({ length: projects }, (_, n) => ({
    runId: newId("run"),
    path: { workspaceId: owners[n % workspaces] ?? newId("workspace"), projectId: newId("project") },
  }));
  const demand = { cpu: 400, memory: 512 * 2 ** 20, runs: 1 };
  try {
    for (const { runId, path } of runs) await driver.openRun(runId, path, runLimits(demand));
    const machine = new SampleReader(folder);
    const data = new DataDirectory(folder);
    const disk = new DiskUse({ data, driver, clock: systemClock, onFailure: () => undefined });
    const usage = new WorkspaceUsage({ clock: systemClock, source: () => disk.add(driver.usage()) });
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = process.cpuUsage();
      const atMs = Date.now();
      const sample = machine.read(atMs, projects);
      JSON.stringify(packReadings({ samples: [sample], workspaces: usage.read("live", atMs) }));
      const { user, system } = process.cpuUsage(before);
      times.push((user + system) / 1000);
    }
    disk.stop();
    const later = times.slice(rounds / 3);
    return [
      compare({
        what: `one sample with ${projects} projects, a run in each, CPU`,
        ours: median(later),
        peer: barMs,
        peerName: "the bar itself",
        unit: "ms",
        bar: 1,
        direction: "at most",
        config: { projects, workspaces, rounds, driver: driver.name, p99: percentile(later, 0.99) },
      }),
    ];
  } finally {
    for (const owner of owners) await driver.remove({ workspaceId: owner, projectId: null });
    driver.release();
    rmSync(folder, { recursive: true, force: true });
  }
}
