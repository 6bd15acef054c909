import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeId, type RunId } from "@quarterdeck/core/ids";
import { kibibyte, minuteMs } from "@quarterdeck/core/units";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DataDirectory } from "../data-directory.ts";
import type { Driver, GroupPath, GroupUsage } from "../drivers/driver.ts";
import { DiskUse } from "./disk-use.ts";

const idOf = <K extends "workspace" | "project" | "run">(kind: K, index: number) =>
  makeId(kind, 1, new Uint8Array(16).fill(index * 37));
const workspaceId = idOf("workspace", 0);
const workspace: GroupPath = { workspaceId, projectId: null };
const [first, second] = [1, 2].map((index) => ({ workspaceId, projectId: idOf("project", index) }));
const usageOf = (path: GroupPath, runId: RunId | null = null): GroupUsage => {
  return { ...path, runId, cpuUsec: 0, memory: 0, tasks: 0, oomKills: 0, pressure: null };
};
const groups = [usageOf(workspace), usageOf(first!), usageOf(second!), usageOf(first!, idOf("run", 3))];

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "qd-disk-use-"))));
afterEach(() => rmSync(folder, { recursive: true }));

/** @param counter what the file system's own counters say */
function newUse(counter: Driver["diskUse"] = async () => null) {
  const data = new DataDirectory(folder);
  const place = data.workspace(workspaceId);
  for (const path of [place.home, place.project(first!.projectId), place.project(second!.projectId)])
    mkdirSync(path, { recursive: true });
  const time = { nowMs: 0 };
  const failures: unknown[] = [];
  const use = new DiskUse({
    data,
    driver: { diskUse: counter },
    clock: { monotonicMs: () => time.nowMs },
    onFailure: (error) => failures.push(error),
  });
  /** What is said when everything that is due was measured. */
  const measured = async () => {
    for (;;) {
      const disks = use.add(groups).map(({ disk }) => disk);
      if (disks.slice(0, 3).every((disk) => disk !== null)) return disks.map((disk) => disk ?? Number.NaN);
      await new Promise(setImmediate);
    }
  };
  return { use, place, time, failures, measured };
}
const write = (path: string, kibibytes: number) => writeFileSync(path, Buffer.alloc(kibibytes * kibibyte, 1));

it("walks where nothing counts: a workspace is what is in it, with its projects, and a run is nothing", async () => {
  const { use, place, measured } = newUse();
  expect(use.add(groups).map(({ disk }) => disk)).toEqual([null, null, null, null]);
  write(join(place.home, "file"), 100);
  write(join(place.project(first!.projectId), "file"), 200);
  write(join(place.project(second!.projectId), "file"), 400);
  const [all = 0, one = 0, two = 0, run] = await measured();
  expect(one).toBeGreaterThanOrEqual(200 * kibibyte);
  expect(two).toBeGreaterThanOrEqual(400 * kibibyte);
  expect(all - one - two).toBeGreaterThanOrEqual(100 * kibibyte);
  expect(all - one - two).toBeLessThan(200 * kibibyte);
  expect(run).toBeNaN();
});

it("believes the file system's counters where it has them, and adds nothing to a workspace's", async () => {
  const { measured } = newUse(async ({ projectId }) => (projectId === null ? 1000 : 300));
  expect((await measured()).slice(0, 3)).toEqual([1000, 300, 300]);
});

it("walks where the counters cannot be read, says so, and asks nobody again before it is due", async () => {
  let asked = 0;
  const { use, time, failures, measured } = newUse(async () => {
    asked++;
    throw new Error("no repquota");
  });
  await measured();
  expect(failures).toHaveLength(3);
  use.add(groups);
  await new Promise(setImmediate);
  expect(asked).toBe(3);
  time.nowMs = 5 * minuteMs;
  use.add(groups);
  expect(asked).toBe(4);
});
