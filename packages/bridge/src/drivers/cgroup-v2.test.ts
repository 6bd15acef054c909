import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { makeId } from "@quarterdeck/core/ids";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { CgroupV2, formatCpuMax, parseCpuMax, parseIoMax } from "./cgroup-v2.ts";
import { groupNode } from "./group-node.ts";

const base = mkdtempSync(join(tmpdir(), "quarterdeck-v2-"));
afterEach(() => rmSync(base, { recursive: true, force: true }));

const node = groupNode({ workspaceId: makeId("workspace", 1, randomBytes(16)), projectId: null });
const limits = { cpu: 1500, memoryHigh: null, memoryMax: 8192, tasks: 30, ioBytesPerSecond: null };

/** A folder with the files that the kernel would make in a group. */
function fakeKernel(files: Record<string, string>): CgroupV2 {
  const directory = join(base, node.workspaceId);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(base, "cgroup.controllers"), "cpuset cpu memory pids\n");
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return new CgroupV2({ base, leave: "/sys/fs/cgroup", device: "8:0" });
}

describe("limits in the files of cgroup v2", () => {
  it("of cpu are read as they were written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 1_000_000 }), (millicores) => {
        expect(parseCpuMax(formatCpuMax(millicores))).toBe(millicores);
      }),
    );
    expect(formatCpuMax(null)).toBe("max 100000");
    expect(parseCpuMax("max 100000\n")).toBeNull();
    expect(parseCpuMax(undefined)).toBeUndefined();
    // Another tool may have chosen another period.
    expect(parseCpuMax("1000 50000")).toBe(20);
  });

  it("of io are those of one disk, in both ways", () => {
    const text = "8:16 rbps=max wbps=max\n8:0 rbps=1000 wbps=2000 riops=max wiops=max\n";
    expect(parseIoMax(text, "8:0")).toBe(2000);
    expect(parseIoMax(text, "8:16")).toBeNull();
    expect(parseIoMax("8:0 rbps=1000 wbps=max\n", "8:0")).toBeNull();
    expect(parseIoMax(undefined, "8:0")).toBeUndefined();
  });

  it("are said to be what the file says after the writing", async () => {
    const kernel = fakeKernel({ "cpu.max": "", "memory.max": "", "memory.high": "", "pids.max": "" });
    const [cpu, memory, tasks] = await kernel.limit(node, limits);
    expect(cpu).toMatchObject({ resource: "cpu", actual: 1500, isAsWanted: true });
    expect(memory).toMatchObject({ resource: "memory", actual: 8192, isAsWanted: true });
    expect(tasks).toMatchObject({ resource: "tasks", actual: 30, isAsWanted: true });
    expect(readFileSync(join(base, node.workspaceId, "cpu.max"), "utf8")).toBe("150000 100000");
  });

  it("of io are set for the disk of the workspaces in both ways, and read back", async () => {
    const kernel = fakeKernel({ "io.max": "" });
    const io = async (ioBytesPerSecond: number | null) =>
      (await kernel.limit(node, { ...limits, ioBytesPerSecond })).find(({ resource }) => resource === "io");
    expect(await io(5_000_000)).toMatchObject({ wanted: 5_000_000, actual: 5_000_000, isAsWanted: true });
    expect(readFileSync(join(base, node.workspaceId, "io.max"), "utf8")).toBe("8:0 rbps=5000000 wbps=5000000");
    // No kernel takes a zero, so it is not said to be held.
    expect(await io(0)).toMatchObject({ actual: 1, isAsWanted: false });
    expect(await io(null)).toMatchObject({ actual: null, isAsWanted: true });
  });

  it("are a mismatch where the kernel has no such file", async () => {
    const [cpu, memory] = await fakeKernel({ "memory.max": "", "memory.high": "" }).limit(node, limits);
    expect(cpu).toMatchObject({ actual: null, isAsWanted: false });
    expect(memory).toMatchObject({ actual: 8192, isAsWanted: true });
  });

  it("are those of the controllers that the group has", () => {
    expect(fakeKernel({}).limited).toEqual(["cpu", "memory", "tasks"]);
  });
});
