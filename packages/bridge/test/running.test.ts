import { decodeReadings } from "@quarterdeck/core/protocol/compact-readings";
import { readdirSync, statSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunId } from "@quarterdeck/core/ids";
import { actionNames } from "@quarterdeck/core/actions/catalogue";
import { findRunProcesses } from "../src/wrapper/processes.ts";
import { tailText } from "./fake-platform.ts";
import { RealBridge } from "./real-bridge.ts";

let bridge: RealBridge;
beforeAll(async () => {
  bridge = await RealBridge.start();
});
afterAll(() => bridge[Symbol.asyncDispose]());

describe("a bridge that runs programs", () => {
  it("runs a program and reports its output and end", async () => {
    const runId = await bridge.relay.send({ action: "exec", params: { program: "echo", args: ["hello"] } });
    bridge.relay.watch({ runs: [runId] });
    const end = await bridge.relay.untilFinished(runId);
    expect(end).toMatchObject({ verdict: "succeeded", exitCode: 0, signal: null, outputBytes: 6, outputCutBytes: 0 });
    expect(tailText(end)).toBe("hello\n");
    await bridge.relay.changes.until(() => bridge.relay.output.get(runId)?.isEnded, "the end of the output");
    expect(bridge.relay.output.get(runId)?.bytes.toString()).toBe("hello\n");
    expect(end.startedAtMs).toBeLessThanOrEqual(end.finishedAtMs);
  });

  it("reports the start of a run that goes on for a while, before its end", async () => {
    const runId = await bridge.relay.send({ action: "exec", params: { program: "sleep", args: ["600"] } });
    await bridge.relay.untilStarted(runId);
    expect(bridge.relay.finished(runId)).toBeUndefined();
    await bridge.relay.send({ action: "task.cancel", params: { runId } });
    const end = await bridge.relay.untilFinished(runId);
    const said = bridge.relay.results.map(({ result }) => result).filter((result) => result.runId === runId);
    expect(said.map(({ kind }) => kind)).toEqual(["started", "finished"]);
    expect(said.map(({ startedAtMs }) => startedAtMs)).toEqual([end.startedAtMs, end.startedAtMs]);
  });

  it("reports another exit code as failure", async () => {
    expect(
      await bridge.relay.run({ action: "exec", params: { program: "node", args: ["-e", "process.exit(7)"] } }),
    ).toMatchObject({ verdict: "failed", exitCode: 7 });
  });

  it("says what it can do and that its own files are hidden from runs", () => {
    expect(bridge.relay.hello?.capabilities).toMatchObject({
      driver: "process",
      isolation: "hidden",
      // Nothing would start another version of it: it was started without its launcher.
      actions: actionNames.filter((name) => name !== "bridge.update"),
    });
    expect(bridge.relay.hello?.capabilities.programs).toContain("git");
  });

  it("sends output while the program runs, in order, with both outputs in one", async () => {
    const script =
      "const { writeSync } = require('node:fs'); for (let i = 0; i < 200; i++) writeSync(1 + (i % 2), i + '\\n'); setInterval(() => {}, 1000)";
    const runId = await bridge.relay.send({ action: "exec", params: { program: "node", args: ["-e", script] } });
    bridge.relay.watch({ runs: [runId] });
    const expected = Array.from({ length: 200 }, (_, i) => `${i}\n`).join("");
    await bridge.relay.changes.until(
      () => bridge.relay.output.get(runId)?.bytes.toString() === expected,
      "the live output",
    );
    expect(bridge.relay.finished(runId)).toBeUndefined();
    await bridge.relay.send({ action: "task.cancel", params: { runId } });
    expect(await bridge.relay.untilFinished(runId)).toMatchObject({ verdict: "cancelled", code: "CANCELLED" });
  });

  it("delivers 10 MB of output whole, within the relay's credit", async () => {
    const runId = await bridge.relay.send({ action: "exec", params: { program: "seq", args: ["1", "1400000"] } });
    bridge.relay.watch({ runs: [runId] });
    const end = await bridge.relay.untilFinished(runId);
    await bridge.relay.changes.until(() => bridge.relay.output.get(runId)?.isEnded, "the end of the output");
    const { bytes } = bridge.relay.output.get(runId)!;
    expect(bytes.length).toBe(end.outputBytes);
    expect(bytes.length).toBeGreaterThan(9_000_000);
    expect(
      bytes
        .toString("latin1")
        .trimEnd()
        .split("\n")
        .every((line, index) => line === String(index + 1)),
    ).toBe(true);
    expect(tailText(end)).toBe(bytes.subarray(-64 * 1024).toString());
  });

  it("cuts output past the limit, counts what it cut, and lets the run go on [S8]", async () => {
    const overrides = { limits: { timeoutMs: 60_000, outputBytes: 1000 } };
    const end = await bridge.relay.run({
      action: "exec",
      params: { program: "seq", args: ["1", "100000"] },
      overrides,
    });
    expect(end).toMatchObject({ verdict: "succeeded", outputBytes: 588_895, outputCutBytes: 587_895 });
    expect(statSync(bridge.data.run(end.runId as RunId).output).size).toBe(1000);
  });

  it("stops a run at its time-out", async () => {
    const overrides = { limits: { timeoutMs: 300, outputBytes: 1000 } };
    expect(
      await bridge.relay.run({ action: "exec", params: { program: "sleep", args: ["600"] }, overrides }),
    ).toMatchObject({ verdict: "timedOut", code: "TIMED_OUT" });
  });

  it.each([
    ["shell metacharacters", ["; rm -rf /", "$(id)", "`id`", "a && b", "| cat", "> /tmp/x", "*", "~", "'\"\\"]],
    ["newlines and look-alikes", ["a\nb", "\r", "\t", "\u202egnp", "а", "", " ", "--", "-rf", "مرحبا", "🚢"]],
  ])("delivers %s as literal arguments [S1]", async (_, args) => {
    const script = "process.stdout.write(JSON.stringify(process.argv.slice(1)))";
    const end = await bridge.relay.run({
      action: "exec",
      params: { program: "node", args: ["-e", script, "--", ...args] },
    });
    expect(JSON.parse(tailText(end))).toEqual(args);
  });

  it("refuses an argument with a NUL [S1]", async () => {
    expect(await bridge.relay.run({ action: "exec", params: { program: "echo", args: ["a\0b"] } })).toMatchObject({
      verdict: "refused",
      code: "COMMAND_INVALID",
    });
  });

  it.each(["bash", "sh", "/bin/sh", "../../bin/sh", "env", "ssh", "", "echo "])(
    "refuses the program %j, which is not on the list [S3]",
    async (program) => {
      expect(await bridge.relay.run({ action: "exec", params: { program, args: [] } })).toMatchObject({
        verdict: "refused",
      });
    },
  );

  it("runs 30 at once and reports each once", async () => {
    const ids = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        bridge.relay.send({ action: "exec", params: { program: "echo", args: [String(i)] } }),
      ),
    );
    const ends = await Promise.all(ids.map((id) => bridge.relay.untilFinished(id)));
    expect(ends.map((end) => tailText(end))).toEqual(ids.map((_, i) => `${i}\n`));
    for (const id of ids) expect(bridge.relay.timesFinished(id)).toBe(1);
  });

  it("sends a sample at once when somebody watches, and each second after", async () => {
    bridge.relay.watch({ telemetry: true });
    const samples = () =>
      bridge.relay.frames.flatMap((frame) => (frame.type === "telemetry" ? decodeReadings(frame.readings) : []));
    const before = samples().length;
    await bridge.relay.changes.until(() => samples().length >= before + 3, "samples");
    bridge.relay.watch({});
    const sample = samples().at(-1)!;
    expect(sample.memoryUsed).toBeGreaterThan(0);
    expect(sample.memoryUsed).toBeLessThan(sample.memoryTotal);
    expect(sample.cpu).toBeLessThanOrEqual(sample.cpuCapacity);
  });

  it("gives a part of an earlier run's output back", async () => {
    const first = await bridge.relay.run({ action: "exec", params: { program: "seq", args: ["1", "1000"] } });
    const log = await bridge.relay.run({
      action: "task.log",
      params: { runId: first.runId, fromOffset: 2, maxBytes: 7 },
    });
    expect(tailText(log)).toBe("2\n3\n4\n5");
    expect(
      await bridge.relay.run({
        action: "task.log",
        params: { runId: log.taskId.replace("task_", "run_"), fromOffset: 0, maxBytes: 7 },
      }),
    ).toMatchObject({ verdict: "failed", code: "NOT_FOUND" });
  });

  it("leaves no process of an ended run", () => {
    for (const runId of readdirSync(bridge.data.runs)) expect(findRunProcesses(runId as RunId)).toEqual([]);
  });
});
