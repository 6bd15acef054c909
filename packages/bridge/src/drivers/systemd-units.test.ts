import { randomBytes } from "node:crypto";
import { makeId } from "@quarterdeck/core/ids";
import { expect, it } from "vitest";
import { groupNode } from "./group-node.ts";
import { holderArguments, parseSliceName, runsServiceName, sliceName, sliceProperties } from "./systemd-units.ts";

const workspaceId = makeId("workspace", 1, randomBytes(16));
const projectId = makeId("project", 1, randomBytes(16));
const workspace = groupNode({ workspaceId, projectId: null });
const project = groupNode({ workspaceId, projectId });

it("names slices so that systemd nests them, and reads the names back", () => {
  expect(sliceName("qd", workspace)).toBe(`qd-${workspaceId}.slice`);
  expect(sliceName("qd", project)).toBe(`qd-${workspaceId}-${projectId}.slice`);
  expect(parseSliceName("qd", sliceName("qd", project))).toEqual([workspaceId, projectId]);
  expect(parseSliceName("qd", "system.slice")).toBeUndefined();
  expect(runsServiceName("qd", project)).toBe(`qd-runs-${projectId}.service`);
  expect(runsServiceName("qd", workspace)).toBe(`qd-runs-${workspaceId}.service`);
});

it("says limits as systemd takes them, and lifts them", () => {
  const limits = { cpu: 1505, memoryHigh: null, memoryMax: 4096, tasks: 7, ioBytesPerSecond: 10 };
  expect(sliceProperties(limits, "8:0")).toEqual([
    "CPUQuota=150.5%",
    "MemoryHigh=infinity",
    "MemoryMax=4096",
    "MemorySwapMax=0",
    "TasksMax=7",
    "IOReadBandwidthMax=/dev/block/8:0 10",
    "IOWriteBandwidthMax=/dev/block/8:0 10",
  ]);
  const least = sliceProperties({ ...limits, ioBytesPerSecond: 0 }, "8:0");
  expect(least.at(-1)).toBe("IOWriteBandwidthMax=/dev/block/8:0 1");
  const none = { cpu: null, memoryHigh: null, memoryMax: null, tasks: null, ioBytesPerSecond: null };
  expect(sliceProperties(none, null)).toEqual([
    "CPUQuota=",
    "MemoryHigh=infinity",
    "MemoryMax=infinity",
    "MemorySwapMax=infinity",
    "TasksMax=infinity",
  ]);
});

it("keeps the service that holds the runs when one of them is taken for want of memory", () => {
  const words = holderArguments("qd-runs-x.service", "qd-x.slice");
  for (const property of ["Delegate=yes", "OOMPolicy=continue", "OOMScoreAdjust=-999", "TasksMax=infinity"])
    expect(words).toContain(`--property=${property}`);
});
