import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { RunId } from "@quarterdeck/core/ids";
import { describe, expect, it } from "vitest";
import { readMarker } from "../src/runs/run-files.ts";
import { findRunProcesses, processStartTicks } from "../src/wrapper/processes.ts";
import { tailText } from "./fake-platform.ts";
import { RealBridge } from "./real-bridge.ts";

/** A program that says when it begins, and ends when a file appears. It counts its starts. */
function waitForFile(directory: string): { script: string; go: string; count: string } {
  const go = join(directory, "go");
  const count = join(directory, "count");
  const script = `const fs = require('node:fs'); fs.appendFileSync('${count}', 'x'); fs.writeSync(1, 'begun\\n');
    setInterval(() => { if (fs.existsSync('${go}')) { console.log('ended'); process.exit(3); } }, 5)`;
  return { script, go, count };
}

async function startWaitingUnreported(bridge: RealBridge) {
  const scratch = bridge.data.workspace(bridge.relay.platform.workspaceId).scratch;
  const program = waitForFile(scratch);
  const runId = await bridge.relay.send({ action: "exec", params: { program: "node", args: ["-e", program.script] } });
  await bridge.relay.changes.until(() => existsSync(program.count), "the program");
  return { ...program, runId };
}

async function startWaiting(bridge: RealBridge) {
  const run = await startWaitingUnreported(bridge);
  await bridge.relay.untilStarted(run.runId);
  return run;
}

const touch = async (path: string) => (await import("node:fs")).writeFileSync(path, "");

describe("a bridge that is killed", () => {
  it("during a run: the run goes on, is adopted, and its true result comes once [F4]", async () => {
    await using bridge = await RealBridge.start();
    const run = await startWaiting(bridge);
    await bridge.end("SIGKILL");
    bridge.begin();
    await bridge.relay.untilOnline();
    bridge.relay.watch({ runs: [run.runId] });
    await bridge.relay.changes.until(
      () => bridge.relay.output.get(run.runId)?.bytes.toString() === "begun\n",
      "the output so far",
    );
    await touch(run.go);
    expect(await bridge.relay.untilFinished(run.runId)).toMatchObject({
      verdict: "failed",
      exitCode: 3,
      outputBytes: 12,
    });
    expect(readFileSync(run.count, "utf8")).toBe("x");
    await bridge.relay.changes.until(() => bridge.relay.output.get(run.runId)?.isEnded, "the end of the output");
    expect(bridge.relay.output.get(run.runId)?.bytes.toString()).toBe("begun\nended\n");
    expect(bridge.relay.timesFinished(run.runId)).toBe(1);
  });

  it("and the run ended meanwhile: the result file tells [F4]", async () => {
    await using bridge = await RealBridge.start();
    const run = await startWaiting(bridge);
    await bridge.end("SIGKILL");
    await touch(run.go);
    await bridge.relay.changes.until(() => existsSync(bridge.data.run(run.runId).result), "the result file");
    bridge.begin();
    const end = await bridge.relay.untilFinished(run.runId);
    expect(end).toMatchObject({ verdict: "failed", exitCode: 3 });
    expect(tailText(end)).toBe("begun\nended\n");
  });

  it("with results that the relay never acknowledged: they are sent again, once each [F4]", async () => {
    await using bridge = await RealBridge.start();
    const run = await startWaiting(bridge);
    bridge.relay.holdsResults = true;
    await touch(run.go);
    await bridge.relay.changes.until(
      () => bridge.relay.frames.filter(({ type }) => type === "results").length >= 2,
      "results",
    );
    await bridge.end("SIGKILL");
    bridge.relay.holdsResults = false;
    bridge.begin();
    expect(await bridge.relay.untilFinished(run.runId)).toMatchObject({ verdict: "failed", exitCode: 3 });
    expect(bridge.relay.results.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it("right after it took a command: the command runs once, whatever moment it was [F4]", async () => {
    await using bridge = await RealBridge.start();
    const scratch = bridge.data.workspace(bridge.relay.platform.workspaceId).scratch;
    const count = join(scratch, "count");
    const script = `require('node:fs').appendFileSync('${count}', 'x')`;
    let expected = "";
    for (const moment of ["sent", "acknowledged", "marked"] as const) {
      const before = bridge.relay.acknowledged;
      const runId = await bridge.relay.send({ action: "exec", params: { program: "node", args: ["-e", script] } });
      if (moment === "acknowledged")
        await bridge.relay.changes.until(() => bridge.relay.acknowledged > before, "the acknowledgement");
      if (moment === "marked")
        await bridge.relay.changes.until(() => existsSync(bridge.data.run(runId).started), "the marker");
      await bridge.end("SIGKILL");
      bridge.begin();
      expect(await bridge.relay.untilFinished(runId)).toMatchObject({ verdict: "succeeded" });
      expected += "x";
      expect(readFileSync(count, "utf8")).toBe(expected);
    }
  });
});

describe("a run whose wrapper is killed", () => {
  it("is indeterminate when it must run at most once, and leaves no process [F4] [S8]", async () => {
    await using bridge = await RealBridge.start();
    const run = await startWaiting(bridge);
    process.kill(readMarker(bridge.data.run(run.runId))!.pid, "SIGKILL");
    expect(await bridge.relay.untilFinished(run.runId)).toMatchObject({ verdict: "indeterminate", code: "CUT_OFF" });
    expect(readFileSync(run.count, "utf8")).toBe("x");
    expect(findRunProcesses(run.runId)).toEqual([]);
  });

  it("and its bridge too, is indeterminate after the start [F4]", async () => {
    await using bridge = await RealBridge.start();
    const run = await startWaiting(bridge);
    await bridge.end("SIGKILL");
    process.kill(readMarker(bridge.data.run(run.runId))!.pid, "SIGKILL");
    bridge.begin();
    expect(await bridge.relay.untilFinished(run.runId)).toMatchObject({ verdict: "indeterminate" });
    expect(readFileSync(run.count, "utf8")).toBe("x");
  });
});

describe("a wrapper that takes one run after the other", () => {
  const wrapperOf = (bridge: RealBridge, runId: RunId) => readMarker(bridge.data.run(runId))?.pid;
  /** A waiting run on a wrapper that had one before: which one is free first after a run is a race, and one always waits unused. */
  const startOnUsedWrapper = async (bridge: RealBridge) => {
    const used = new Map<number | undefined, RunId>();
    for (let n = 0; n < 20; n++) {
      const run = await startWaiting(bridge);
      const wrapper = wrapperOf(bridge, run.runId)!;
      const earlier = used.get(wrapper);
      if (earlier !== undefined) return { run, wrapper, earlier };
      used.set(wrapper, run.runId);
      await touch(run.go);
      await bridge.relay.untilFinished(run.runId);
      for (const file of [run.go, run.count]) rmSync(file);
    }
    throw new Error("no wrapper took a second run");
  };
  const echo = (text: string) => ({ action: "exec", params: { program: "echo", args: [text] } }) as const;

  it("keeps their outputs and results apart", async () => {
    await using bridge = await RealBridge.start();
    const ends = [];
    for (let n = 0; n < 12; n++) ends.push(await bridge.relay.run(echo(String(n)))); // More than it has pipes for at once.
    expect(ends.map((end) => tailText(end))).toEqual(ends.map((_, n) => `${n}\n`));
    const wrappers = new Set(ends.map(({ runId }) => wrapperOf(bridge, runId)));
    expect(wrappers.size).toBeLessThan(4);
  });

  it("and is killed with its bridge in a later run: that run alone is indeterminate, the earlier ones stay [F4]", async () => {
    await using bridge = await RealBridge.start();
    const { run, wrapper, earlier } = await startOnUsedWrapper(bridge);
    await bridge.end("SIGKILL");
    process.kill(wrapper, "SIGKILL");
    bridge.begin();
    expect(await bridge.relay.untilFinished(run.runId)).toMatchObject({ verdict: "indeterminate", code: "CUT_OFF" });
    expect(readFileSync(run.count, "utf8")).toBe("x");
    expect([bridge.relay.timesFinished(earlier), bridge.relay.timesFinished(run.runId)]).toEqual([1, 1]);
  });

  it("goes on with a later run when its bridge is killed, ends with it, and takes none from the next bridge [F4]", async () => {
    await using bridge = await RealBridge.start();
    const { run, wrapper } = await startOnUsedWrapper(bridge);
    await bridge.end("SIGKILL");
    bridge.begin();
    await bridge.relay.untilOnline();
    await touch(run.go);
    expect(await bridge.relay.untilFinished(run.runId)).toMatchObject({ verdict: "failed", exitCode: 3 });
    const later = await bridge.relay.run(echo("y"));
    expect(wrapperOf(bridge, later.runId)).not.toBe(wrapper);
    expect(processStartTicks(wrapper)).toBeUndefined();
  });

  it("gets no other run after a cancel, whose signal could still reach it", async () => {
    await using bridge = await RealBridge.start();
    for (let round = 0; round < 5; round++) {
      const runId = await bridge.relay.send({ action: "exec", params: { program: "sleep", args: ["600"] } });
      await bridge.relay.untilStarted(runId);
      const wrapper = wrapperOf(bridge, runId);
      await bridge.relay.send({ action: "task.cancel", params: { runId } });
      const next = await bridge.relay.send(echo("y"));
      expect(await bridge.relay.untilFinished(runId)).toMatchObject({ verdict: "cancelled" });
      expect(await bridge.relay.untilFinished(next)).toMatchObject({ verdict: "succeeded" });
      const last = await bridge.relay.run(echo("z"));
      expect(last).toMatchObject({ verdict: "succeeded" });
      for (const later of [next, last.runId]) expect(wrapperOf(bridge, later)).not.toBe(wrapper);
    }
  });

  it("is not disturbed by the cancel of a run that it has ended", async () => {
    await using bridge = await RealBridge.start();
    bridge.relay.holdsResults = true; // The platform does not know yet that the first has ended.
    const ended = await bridge.relay.send(echo("x"));
    await bridge.relay.changes.until(() => existsSync(bridge.data.run(ended).result), "the result file");
    const run = await startWaitingUnreported(bridge);
    await bridge.relay.send({ action: "task.cancel", params: { runId: ended } });
    await touch(run.go);
    bridge.relay.holdsResults = false;
    await bridge.end("SIGKILL");
    bridge.begin();
    expect(await bridge.relay.untilFinished(ended)).toMatchObject({ verdict: "succeeded" });
    expect(await bridge.relay.untilFinished(run.runId)).toMatchObject({ verdict: "failed", exitCode: 3 });
  });
});

describe("cancelling", () => {
  it("leaves no process, not even a double-forked one that ignores signals [S8]", async () => {
    await using bridge = await RealBridge.start();
    const script = `
      const { spawn } = require('node:child_process');
      const stubborn = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); process.stdout.write('.')";
      const forker = "require('node:child_process').spawn(process.execPath, ['-e', " + JSON.stringify(stubborn) + "], { detached: true, stdio: 'inherit', env: {} }).unref()";
      for (let i = 0; i < 3; i++) spawn(process.execPath, ['-e', forker], { detached: true, stdio: 'inherit' }).unref();
      process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);`;
    const runId = await bridge.relay.send({ action: "exec", params: { program: "node", args: ["-e", script] } });
    bridge.relay.watch({ runs: [runId] });
    await bridge.relay.changes.until(() => bridge.relay.output.get(runId)?.bytes.length === 3, "three grandchildren");
    const processes = findRunProcesses(runId);
    expect(processes.length).toBeGreaterThanOrEqual(4);
    await bridge.relay.send({ action: "task.cancel", params: { runId } });
    expect(await bridge.relay.untilFinished(runId)).toMatchObject({ verdict: "cancelled" });
    for (const { pid } of processes) expect(processStartTicks(pid)).toBeUndefined();
    expect(findRunProcesses(runId)).toEqual([]);
  });

  it("lets a program end by itself when it is asked", async () => {
    await using bridge = await RealBridge.start();
    const script =
      "process.on('SIGTERM', () => { console.log('bye'); process.exit(0); }); console.log('hi'); setInterval(() => {}, 1000)";
    const runId = await bridge.relay.send({ action: "exec", params: { program: "node", args: ["-e", script] } });
    bridge.relay.watch({ runs: [runId] });
    await bridge.relay.changes.until(() => bridge.relay.output.has(runId), "the program");
    await bridge.relay.send({ action: "task.cancel", params: { runId } });
    const end = await bridge.relay.untilFinished(runId);
    expect(end.verdict).toBe("cancelled");
    expect(tailText(end)).toBe("hi\nbye\n");
  });

  it("before the command has come keeps it from starting, also after a restart", async () => {
    await using bridge = await RealBridge.start();
    const { command, text } = await bridge.relay.platform.makeCommand({
      action: "exec",
      params: { program: "echo", args: ["x"] },
    });
    await bridge.relay.send({ action: "task.cancel", params: { runId: command.runId } });
    await bridge.relay.changes.until(() => bridge.relay.acknowledged === 1, "the acknowledgement");
    await bridge.end("SIGKILL");
    bridge.begin();
    await bridge.relay.untilOnline();
    bridge.relay.sendSigned(text);
    expect(await bridge.relay.untilFinished(command.runId)).toMatchObject({
      verdict: "cancelled",
      startedAtMs: null,
      outputBytes: 0,
    });
  });

  it("right behind its command, in one frame, ends it as cancelled", async () => {
    await using bridge = await RealBridge.start();
    const { command, text } = await bridge.relay.platform.makeCommand({
      action: "exec",
      params: { program: "sleep", args: ["600"] },
    });
    const cancel = await bridge.relay.platform.makeCommand({ action: "task.cancel", params: { runId: command.runId } });
    bridge.relay.sendSigned(text, cancel.text);
    expect(await bridge.relay.untilFinished(command.runId)).toMatchObject({ verdict: "cancelled" });
  });
});
