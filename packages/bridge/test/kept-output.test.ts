import { existsSync, renameSync, statSync } from "node:fs";
import type { RunId } from "@quarterdeck/core/ids";
import { mebibyte } from "@quarterdeck/core/units";
import { describe, expect, it } from "vitest";
import { RealBridge } from "./real-bridge.ts";
import { SmallDisk } from "./small-disk.ts";

const printed = 3 * mebibyte;
const print = {
  action: "exec",
  params: { program: "node", args: ["-e", `process.stdout.write("y".repeat(${printed}))`] },
} as const;

/** How much of a run's output the server keeps. */
function keptBytes({ data }: RealBridge, runId: RunId): number | undefined {
  return statSync(data.run(runId).output, { throwIfNoEntry: false })?.size;
}

function isDropped({ data }: RealBridge, runId: RunId): boolean {
  return existsSync(data.run(runId).droppedOutput);
}

async function runToEnd({ relay }: RealBridge): Promise<RunId> {
  const runId = await relay.send(print);
  expect(await relay.untilFinished(runId)).toMatchObject({ verdict: "succeeded", outputBytes: printed });
  return runId;
}

describe("the output that a server keeps", () => {
  it("is never more than a tenth of its disk: the oldest goes, and its readers are told", async () => {
    await using disk = await SmallDisk.make(); // 64 MiB, so 6.4 MiB of output are kept.
    await using bridge = await RealBridge.start({ disk });
    const { relay } = bridge;
    const [oldest, older, newest] = [await runToEnd(bridge), await runToEnd(bridge), await runToEnd(bridge)];
    await relay.changes.until(() => isDropped(bridge, oldest), "the end of the oldest output");
    expect([oldest, older, newest].map((runId) => keptBytes(bridge, runId))).toEqual([undefined, printed, printed]);
    expect(statSync(bridge.data.run(oldest).droppedOutput).size).toBe(0);
    // What keeps the run from starting twice stays.
    expect(existsSync(bridge.data.run(oldest).started)).toBe(true);

    const read = { fromOffset: 0, maxBytes: 16 } as const;
    expect(await relay.run({ action: "task.log", params: { runId: oldest, ...read } })).toMatchObject({
      verdict: "failed",
      code: "NOT_FOUND",
    });
    expect(await relay.run({ action: "task.log", params: { runId: older, ...read } })).toMatchObject({
      verdict: "succeeded",
    });
    relay.watch({ runs: [oldest, newest] });
    const gap = await relay.changes.until(() => relay.frames.find(({ type }) => type === "gap"), "the gap");
    expect(gap).toMatchObject({ runId: oldest, fromOffset: 0, toOffset: null });
    await relay.changes.until(() => relay.output.get(newest)?.isEnded, "the whole output of the newest");
    expect(relay.output.get(newest)?.bytes).toHaveLength(printed);
    expect(relay.output.has(oldest)).toBe(false);
  });

  it("makes room on a disk that is nearly full, but not of runs that go on or whose result the relay does not have [F8]", async () => {
    await using disk = await SmallDisk.make();
    await using bridge = await RealBridge.start({ disk });
    const { relay } = bridge;
    const settled = await runToEnd(bridge);
    const goesOn = await relay.send({
      action: "exec",
      params: {
        program: "node",
        args: ["-e", `process.stdout.write("y".repeat(${mebibyte})); setInterval(() => {}, 1e6)`],
      },
    });
    await relay.changes.until(() => keptBytes(bridge, goesOn) === mebibyte, "the output of the run that goes on");
    relay.holdsResults = true;
    const unreported = await relay.send(print);
    await relay.changes.until(() => existsSync(bridge.data.run(unreported).result), "the end of the other");

    disk.fill(24 * mebibyte); // Less than is to be free, and more than commands need.
    await relay.changes.until(() => isDropped(bridge, settled), "the end of the first output");
    // It had to look at the others to get there, and would have needed them.
    expect([goesOn, unreported].map((runId) => keptBytes(bridge, runId))).toEqual([mebibyte, printed]);
    expect(relay.frames.some(({ type }) => type === "condition")).toBe(false);

    relay.holdsResults = false;
    relay.cut();
    await relay.changes.until(() => isDropped(bridge, unreported), "the end of the other output");
    expect(keptBytes(bridge, goesOn)).toBe(mebibyte);
  });

  it("is counted again after a restart, and what a crash left half dropped is dropped", async () => {
    await using disk = await SmallDisk.make();
    await using bridge = await RealBridge.start({ disk });
    const { relay } = bridge;
    const [halfDropped, first] = [await runToEnd(bridge), await runToEnd(bridge)];
    await bridge.end("SIGKILL");
    const { output, droppedOutput } = bridge.data.run(halfDropped);
    renameSync(output, droppedOutput);
    const { epoch } = relay;
    bridge.begin();
    await relay.changes.until(() => relay.epoch > epoch && relay.isOnline, "the next process");
    expect(statSync(droppedOutput).size).toBe(0);
    const [second, third] = [await runToEnd(bridge), await runToEnd(bridge)];
    await relay.changes.until(() => isDropped(bridge, first), "the end of the oldest output");
    expect([second, third].map((runId) => keptBytes(bridge, runId))).toEqual([printed, printed]);
  });
});
