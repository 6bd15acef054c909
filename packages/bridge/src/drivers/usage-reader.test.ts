import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeId } from "@quarterdeck/core/ids";
import { afterAll, expect, it } from "vitest";
import { groupNode } from "./group-node.ts";
import { UsageReader } from "./usage-reader.ts";

const folder = mkdtempSync(join(tmpdir(), "quarterdeck-usage-"));
afterAll(() => rmSync(folder, { recursive: true }));

const files = {
  cpu: "cpu.stat",
  memory: "memory.current",
  tasks: "pids.current",
  oomKills: "memory.events",
  pressure: { cpu: "cpu.pressure", memory: "memory.pressure", io: "io.pressure" },
};
const id = () => randomBytes(16);
const workspace = groupNode({ workspaceId: makeId("workspace", 1, id()), projectId: null });
const run = groupNode(workspace, makeId("run", 1, id()));

function writeGroup(name: string, cpuUsec: number, tasks: number): string {
  const directory = join(folder, name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, files.cpu), `usage_usec ${cpuUsec}\nuser_usec 1\n`);
  writeFileSync(join(directory, files.memory), "4096\n");
  writeFileSync(join(directory, files.tasks), `${tasks}\n`);
  writeFileSync(join(directory, files.oomKills), "low 0\noom 1\noom_kill 2\noom_group_kill 3\n");
  writeFileSync(
    join(directory, files.pressure.cpu),
    "some avg10=1.25 avg60=0.00 avg300=0.00 total=5\nfull avg10=0.50\n",
  );
  return directory;
}

it("reads what the kernel says of each group, also one of v2 without all controllers", () => {
  const reader = new UsageReader(files, () => 1);
  reader.add(workspace, [writeGroup("a", 700, 3)]);
  expect(reader.read()).toEqual([
    { ...workspace, cpuUsec: 700, memory: 4096, tasks: 2, oomKills: 2, pressure: { cpu: 1.25, memory: 0, io: 0 } },
  ]);
});

it("reads a group in which something runs each time, and an idle one in its turn", () => {
  const reader = new UsageReader(files, () => 0);
  const idle = groupNode({ workspaceId: makeId("workspace", 1, id()), projectId: null });
  reader.add(workspace, [writeGroup("busy", 1, 0)]);
  reader.add(run, [writeGroup("run", 1, 0)]);
  reader.add(idle, [writeGroup("idle", 1, 0)]);
  for (let turn = 0; turn < 3; turn++) reader.read();
  for (const name of ["busy", "run", "idle"]) writeGroup(name, 2, 0);
  const cpuOf = () => reader.read().map(({ cpuUsec }) => cpuUsec);
  expect(cpuOf().slice(0, 2)).toEqual([2, 2]);
  const seen = Array.from({ length: 10 }, () => cpuOf()[2]);
  expect(seen.at(-1)).toBe(2);
  expect(seen.filter((cpu) => cpu === 1).length).toBeGreaterThan(0);
});

it("forgets a group that was removed", () => {
  const reader = new UsageReader(files, () => 0);
  reader.add(workspace, [join(folder, "nowhere")]);
  expect(reader.read()).toEqual([]);
  expect(reader.nodes()).toEqual([]);
  reader.add(workspace, [writeGroup("again", 5, 1)]);
  expect(reader.read()).toHaveLength(1);
  reader.remove(workspace);
  expect(reader.read()).toEqual([]);
});
