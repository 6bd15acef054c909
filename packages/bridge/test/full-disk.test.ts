import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BridgeToRelay } from "@quarterdeck/core/protocol/bridge-to-relay";
import { mebibyte } from "@quarterdeck/core/units";
import { describe, expect, it } from "vitest";
import { createExclusively, ReservedFile } from "../src/durable-file.ts";
import { readIdentity } from "../src/identity.ts";
import { createLog } from "../src/log.ts";
import { OutputRecorder } from "../src/wrapper/output-recorder.ts";
import { DiskSpace } from "../src/disk/disk-space.ts";
import { tailText } from "./fake-platform.ts";
import { RealBridge } from "./real-bridge.ts";
import { SmallDisk } from "./small-disk.ts";

const log = createLog({ write: () => undefined, isForPeople: false, nowMs: () => 0 });

/** The bridge's last word on whether it takes commands. */
function condition(bridge: RealBridge): "DISK_FULL" | null | undefined {
  const isCondition = (frame: BridgeToRelay) => frame.type === "condition";
  return bridge.relay.frames.findLast(isCondition)?.blocked;
}

/** Starts a program that waits for a file, then prints three megabytes and ends with 3. It counts its starts. */
async function startWaiting(bridge: RealBridge, disk: SmallDisk) {
  const scratch = bridge.data.workspace(bridge.relay.platform.workspaceId).scratch;
  const inside = scratch.replace(disk.outside, disk.path);
  const script = `const fs = require('node:fs'); fs.appendFileSync('${inside}/count', 'x'); console.log('begun');
    const timer = setInterval(() => { if (fs.existsSync('${inside}/go')) { clearInterval(timer); process.stdout.write('y'.repeat(${3 * mebibyte}), () => process.exit(3)); } }, 5)`;
  const runId = await bridge.relay.send({ action: "exec", params: { program: "node", args: ["-e", script] } });
  await bridge.relay.untilStarted(runId);
  // On a busy machine its wrapper has started long before it has.
  const { output } = bridge.data.run(runId);
  await bridge.relay.changes.until(() => existsSync(output) && statSync(output).size >= 6, "the program");
  return { runId, count: join(scratch, "count"), go: () => writeFileSync(join(scratch, "go"), "") };
}

const echo = { action: "exec", params: { program: "echo", args: ["hello"] } } as const;

describe("a bridge whose disk is full [F8]", () => {
  it("says so, takes no new command, records truly how its runs end, and goes on by itself", async () => {
    await using disk = await SmallDisk.make();
    await using bridge = await RealBridge.start({ disk });
    const run = await startWaiting(bridge, disk);
    const { acknowledged } = bridge.relay;
    disk.fill();
    await bridge.relay.changes.until(() => condition(bridge) === "DISK_FULL", "the news that the disk is full");
    const held = await bridge.relay.send(echo);

    run.go();
    const end = await bridge.relay.untilFinished(run.runId);
    expect(end).toMatchObject({ verdict: "failed", exitCode: 3, outputBytes: 6 + 3 * mebibyte, code: "DISK_FULL" });
    expect(end.outputCutBytes).toBeGreaterThan(0);
    expect(tailText(end).startsWith("begun\n")).toBe(true);
    expect(readFileSync(run.count, "utf8")).toBe("x");
    expect(bridge.relay.acknowledged).toBe(acknowledged);
    expect(existsSync(bridge.data.run(held).path)).toBe(false);

    disk.makeRoom();
    expect(await bridge.relay.untilFinished(held)).toMatchObject({ verdict: "succeeded", code: null });
    expect(condition(bridge)).toBeNull();
    expect(bridge.relay.acknowledged).toBe(acknowledged + 1);
  });

  it("forgets what it holds when the connection ends, so that the relay may take it back [F2]", async () => {
    await using disk = await SmallDisk.make();
    await using bridge = await RealBridge.start({ disk });
    const { relay } = bridge;
    disk.fill();
    await relay.changes.until(() => condition(bridge) === "DISK_FULL", "the news that the disk is full");
    const held = await relay.send(echo);
    await relay.changes.until(() => bridge.log.includes("commands are held"), "the command in the bridge");
    relay.withdrawLast();
    relay.cut();
    await relay.changes.until(() => relay.epoch === 2 && relay.isOnline, "the second connection");
    disk.makeRoom();
    const next = await relay.run(echo);
    expect(next).toMatchObject({ verdict: "succeeded" });
    expect(relay.finished(held)).toBeUndefined();
    expect(relay.acknowledged).toBe(2);
  });

  it("forgets what it holds before new keys count, as it was signed before them: it is sent again, and not refused [F2] [W2]", async () => {
    await using disk = await SmallDisk.make();
    await using bridge = await RealBridge.start({ disk });
    const { relay } = bridge;
    disk.fill();
    await relay.changes.until(() => condition(bridge) === "DISK_FULL", "the news that the disk is full");
    const held = await relay.send(echo);
    await relay.changes.until(() => bridge.log.includes("commands are held"), "the command in the bridge");
    relay.withdrawLast();
    relay.sendKeys(await relay.platform.changeKeys("rotate"));
    await relay.changes.until(() => relay.hello?.keysVersion === 2 && relay.isOnline, "the hello with the new keys");
    expect(relay.epoch).toBe(2);
    disk.makeRoom();
    expect(await relay.run(echo)).toMatchObject({ verdict: "succeeded" });
    expect(relay.finished(held)).toBeUndefined();
  });

  it("and gets room again while it waits for its welcome says so then, or it would be sent nothing any more [F2]", async () => {
    await using disk = await SmallDisk.make();
    await using bridge = await RealBridge.start({ disk });
    const { relay } = bridge;
    disk.fill();
    await relay.changes.until(() => condition(bridge) === "DISK_FULL", "the news that the disk is full");
    relay.beforeWelcome = () => {
      disk.makeRoom();
      return relay.changes
        .until(() => bridge.log.includes("the disk has room again"), "room on the disk")
        .then(() => undefined);
    };
    relay.cut();
    await relay.changes.until(() => condition(bridge) === null, "the news that there is room");
    expect(relay.hello).toMatchObject({ capabilities: { blocked: "DISK_FULL" } });
    expect(relay.epoch).toBe(2);
  });

  it("still takes new keys of the platform, without a restart", async () => {
    await using disk = await SmallDisk.make();
    await using bridge = await RealBridge.start({ disk });
    const { relay } = bridge;
    disk.fill();
    await relay.changes.until(() => condition(bridge) === "DISK_FULL", "the news that the disk is full");
    disk.fill(); // What a file that was replaced meanwhile gave back.
    relay.sendKeys(await relay.platform.changeKeys("rotate"));
    await relay.changes.until(() => relay.frames.some(({ type }) => type === "keysTaken"), "the new keys");
    expect(readIdentity(bridge.data).platformKeys).toEqual(relay.platform.keys);
    expect({ isOnline: relay.isOnline, epoch: relay.epoch }).toEqual({ isOnline: true, epoch: 1 });
  });

  it("still ends a run that is cancelled", async () => {
    await using disk = await SmallDisk.make();
    await using bridge = await RealBridge.start({ disk });
    const run = await startWaiting(bridge, disk);
    disk.fill();
    await bridge.relay.changes.until(() => condition(bridge) === "DISK_FULL", "the news that the disk is full");
    await bridge.relay.send({ action: "task.cancel", params: { runId: run.runId } });
    expect(await bridge.relay.untilFinished(run.runId)).toMatchObject({ verdict: "cancelled", code: "CANCELLED" });
  });

  it("that is killed and started again comes back, says so in its hello, and has forgotten nothing", async () => {
    await using disk = await SmallDisk.make();
    await using bridge = await RealBridge.start({ disk });
    const run = await startWaiting(bridge, disk);
    const session = bridge.relay.hello?.sessionId;
    disk.fill();
    await bridge.relay.changes.until(() => condition(bridge) === "DISK_FULL", "the news that the disk is full");
    await bridge.end("SIGKILL");
    bridge.begin();
    await bridge.relay.untilOnline();
    expect(bridge.relay.hello).toMatchObject({ sessionId: session, capabilities: { blocked: "DISK_FULL" } });
    run.go();
    expect(await bridge.relay.untilFinished(run.runId)).toMatchObject({ verdict: "failed", exitCode: 3 });
    disk.makeRoom();
    expect(await bridge.relay.run(echo)).toMatchObject({ verdict: "succeeded" });
    expect(bridge.relay.timesFinished(run.runId)).toBe(1);
  });
});

describe("on a full disk [F8]", () => {
  it("a start marker is there whole or not at all", async () => {
    await using disk = await SmallDisk.make(2);
    disk.fill();
    const marker = join(disk.outside, "started");
    expect(() => createExclusively(marker, "me")).toThrow(/ENOSPC/);
    expect(existsSync(marker)).toBe(false);
    disk.makeRoom();
    expect(createExclusively(marker, "me")).toBe(true);
    expect(createExclusively(marker, "another")).toBe(false);
    expect(readFileSync(marker, "utf8")).toBe("me");
  });

  it("a file with reserved room is written, and one without is refused before anything begins", async () => {
    await using disk = await SmallDisk.make(2);
    const result = join(disk.outside, "result");
    const reserved = new ReservedFile(result, 4096);
    disk.fill();
    expect(() => new ReservedFile(join(disk.outside, "other"), 4096)).toThrow(/ENOSPC/);
    reserved.write("it ended");
    expect(readFileSync(result, "utf8")).toBe("it ended");
  });

  it("output that does not fit is counted, and what was written before stays, without a hole", async () => {
    await using disk = await SmallDisk.make(2);
    const path = join(disk.outside, "output");
    const recorder = new OutputRecorder(path, 100 * mebibyte);
    recorder.write(Buffer.from("first\n"));
    disk.fill();
    for (let i = 0; i < 3; i++) recorder.write(Buffer.alloc(mebibyte, "y"));
    disk.makeRoom();
    recorder.write(Buffer.from("late\n")); // It would stand at the wrong place.
    const { outputBytes, outputCutBytes, problem } = recorder.close();
    expect(problem).toBe("full");
    expect(outputBytes).toBe(6 + 3 * mebibyte + 5);
    const kept = readFileSync(path, "latin1");
    expect(kept.length).toBe(outputBytes - outputCutBytes);
    expect(kept).toMatch(/^first\ny*$/);
  });

  it("a program goes on without output when its file cannot even be made", () => {
    const recorder = new OutputRecorder("/proc/1/output", 1000);
    recorder.write(Buffer.from("lost"));
    expect(recorder.close()).toEqual({ outputBytes: 4, outputCutBytes: 4, problem: "failed" });
  });

  it("the room held back is given up once, and held back again before commands are taken again", async () => {
    await using disk = await SmallDisk.make();
    const news: boolean[] = [];
    const reserveFile = join(disk.outside, "reserve");
    const space = new DiskSpace({
      reserveFile,
      log,
      onChange: (isFull) => news.push(isFull),
      makeRoom: () => undefined,
    });
    expect(space.look()).toBe(false);
    disk.fill();
    expect(space.look()).toBe(true);
    expect(existsSync(reserveFile)).toBe(true);
    expect(space.spend()).toBe(true);
    expect(space.spend()).toBe(false);
    expect(space.look()).toBe(true);
    disk.makeRoom();
    expect(space.look()).toBe(false);
    expect(existsSync(reserveFile)).toBe(true);
    expect(news).toEqual([true, false]);
  });
});
