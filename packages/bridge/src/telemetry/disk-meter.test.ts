import { makeId } from "@quarterdeck/core/ids";
import { minuteMs } from "@quarterdeck/core/units";
import { expect, it } from "vitest";
import type { GroupPath } from "../drivers/driver.ts";
import { DiskMeter } from "./disk-meter.ts";

const idOf = <K extends "workspace" | "project">(kind: K, index: number) =>
  makeId(kind, 1, new Uint8Array(16).fill(index * 37));
const projects = [1, 2].map((index) => ({ workspaceId: idOf("workspace", 0), projectId: idOf("project", index) }));
const [first, second] = projects as [(typeof projects)[0], (typeof projects)[0]];

function newMeter() {
  const walks: { path: GroupPath; end: (used: number | null) => void }[] = [];
  const time = { nowMs: 0 };
  const meter = new DiskMeter({
    monotonicMs: () => time.nowMs,
    measure: (path) => new Promise((end) => walks.push({ path, end })),
  });
  /** Ends the walk under way, and all that follows at once. */
  const end = async (used: number | null) => {
    walks.at(-1)?.end(used);
    await new Promise(setImmediate);
  };
  return { meter, walks, time, end };
}

it("measures one project at a time, each again after some minutes; whoever asks waits for nothing", async () => {
  const { meter, walks, time, end } = newMeter();
  meter.see(projects);
  meter.see(projects);
  expect([walks.map(({ path }) => path), meter.usedBy(first)]).toEqual([[first], null]);
  await end(7);
  expect(walks).toHaveLength(2);
  await end(8);
  expect(meter.usedBy(second)).toBe(8);
  expect(meter.usedBy(first)).toBe(7);
  time.nowMs = 5 * minuteMs - 1;
  meter.see(projects);
  await new Promise(setImmediate);
  expect(walks).toHaveLength(2);
  time.nowMs = 5 * minuteMs;
  meter.see(projects);
  expect(walks).toHaveLength(3);
});

it("forgets a project that is gone, and says nothing of one that cannot be read", async () => {
  const { meter, walks, end } = newMeter();
  meter.see([first]);
  await end(7);
  expect(meter.usedBy(first)).toBe(7);
  meter.see([second]);
  expect(meter.usedBy(first)).toBeNull();
  await end(null);
  expect([walks.length, meter.usedBy(second)]).toEqual([2, null]);
});
