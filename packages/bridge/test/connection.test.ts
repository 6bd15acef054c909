import { execFileSync, spawn } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import { withdrawnCommand } from "@quarterdeck/core/protocol/withdrawn-command";
import { describe, expect, it } from "vitest";
import { findRunProcesses, processStartTicks } from "../src/wrapper/processes.ts";
import { readMarker } from "../src/runs/run-files.ts";
import { newKey } from "./fake-platform.ts";
import { RealBridge } from "./real-bridge.ts";
import { runCli } from "./run-cli.ts";

describe("a connection", () => {
  it("is made again after it was cut, and nothing is lost or run twice", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const first = await relay.run({ action: "exec", params: { program: "echo", args: ["1"] } });
    relay.cut();
    await relay.changes.until(() => relay.epoch === 2 && relay.isOnline, "the second connection");
    expect(relay.hello?.received.commands).toBe(1);
    const second = await relay.run({ action: "exec", params: { program: "echo", args: ["2"] } });
    const finished = relay.results.filter(({ result }) => result.kind === "finished");
    expect(finished.map(({ result }) => result.runId)).toEqual([first.runId, second.runId]);
  });

  it("is not kept with a relay that the platform did not certify, or whose certificate expired [W4]", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    relay.certificateExpiresAtMs = Date.now() - 1;
    relay.cut();
    await relay.changes.until(() => relay.closes.includes(4400), "the refusal");
    expect(relay.isOnline).toBe(false);
    relay.certificateExpiresAtMs = Date.now() + 60_000;
    await relay.untilOnline();
    const genuine = relay.relayKey;
    relay.relayKey = { ...(await newKey()), publicKey: genuine.publicKey };
    const before = relay.closes.filter((code) => code === 4400).length;
    relay.cut();
    await relay.changes.until(() => relay.closes.filter((code) => code === 4400).length > before, "the second refusal");
    relay.relayKey = genuine;
    await relay.changes.until(() => bridge.log.includes("SIGNATURE_INVALID"), "the log");
  });

  it("is not fought for when another bridge took over", async () => {
    await using bridge = await RealBridge.start();
    // A close that comes before it has checked the welcome is anybody's (PROTOCOL 5.6).
    await bridge.relay.changes.until(() => bridge.log.includes('"connected"'), "the verified welcome");
    bridge.relay.cut(4009);
    await bridge.relay.changes.until(() => bridge.log.includes("taken over"), "the log");
    expect(bridge.exitCode).toBeNull();
  });

  it("survives garbage from the relay [W1]", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    for (const text of ["", "[".repeat(1000), '{"type":"credit","stream":"output","bytes":-1}']) {
      const before = relay.epoch;
      relay.sendRaw(text);
      await relay.changes.until(() => relay.epoch > before && relay.isOnline, "the next connection");
    }
    expect(await relay.run({ action: "exec", params: { program: "echo", args: ["x"] } })).toMatchObject({
      verdict: "succeeded",
    });
  });
});

describe("commands", () => {
  it("that come again with the same bytes are acknowledged and not run [W3]", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const { command, text } = await relay.platform.makeCommand({
      action: "exec",
      params: { program: "echo", args: ["x"] },
    });
    relay.sendSigned(text);
    await relay.untilFinished(command.runId);
    relay.sendSigned(text);
    await relay.changes.until(() => relay.acknowledged === 2, "the acknowledgement");
    await relay.run({ action: "exec", params: { program: "true", args: [] } });
    expect(relay.timesFinished(command.runId)).toBe(1);
  });

  it("that were taken back fill their number, and nothing else happens", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    relay.sendSigned(withdrawnCommand);
    await relay.run({ action: "exec", params: { program: "echo", args: ["x"] } });
    await relay.changes.until(() => relay.acknowledged === 2, "the acknowledgement");
    expect(new Set(relay.results.map(({ result }) => result.runId)).size).toBe(1);
    expect(bridge.log).not.toContain("refused");
  });

  it("of a known id with other bytes are refused with an alert, and the first keeps its result [W3]", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const { command, text } = await relay.platform.makeCommand({
      action: "exec",
      params: { program: "echo", args: ["x"] },
    });
    relay.sendSigned(text);
    await relay.untilFinished(command.runId);
    relay.sendSigned(
      (
        await relay.platform.makeCommand({
          action: "exec",
          params: { program: "echo", args: ["y"] },
          overrides: { commandId: command.commandId, runId: command.runId },
        })
      ).text,
    );
    await relay.changes.until(() => relay.conflicts.length > 0, "the alert");
    const { commandId, runId } = command;
    expect(relay.conflicts).toMatchObject([{ kind: "conflict", known: "command", commandId, runId }]);
    await relay.changes.until(() => relay.acknowledged === 2, "the acknowledgement");
    await relay.run({ action: "exec", params: { program: "true", args: [] } });
    expect(relay.timesFinished(command.runId)).toBe(1);
  });

  it("that conflict are told to the platform also when everything dies after the acknowledgement [W3] [F1]", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const wish = { action: "exec", params: { program: "echo", args: ["x"] } } as const;
    const first = await relay.platform.makeCommand(wish);
    const { runId } = first.command;
    relay.sendSigned(first.text);
    await relay.untilFinished(runId);
    relay.holdsResults = true;
    const { command, text } = await relay.platform.makeCommand({ ...wish, overrides: { runId } });
    relay.sendSigned(text);
    await relay.changes.until(() => relay.acknowledged === 2, "the acknowledgement");
    await bridge.end("SIGKILL");
    relay.holdsResults = false;
    bridge.begin();
    await relay.changes.until(() => relay.conflicts.length > 0, "the alert");
    expect(relay.conflicts).toMatchObject([{ known: "run", commandId: command.commandId, runId }]);
    expect(relay.timesFinished(runId)).toBe(1);
  });

  it("that are not for this bridge, or not now, or not signed, end as refused; nothing ran [W2]", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const wish = { action: "exec", params: { program: "echo", args: ["x"] } } as const;
    const hour = 3_600_000;
    const cases = [
      ["SIGNATURE_INVALID", { ...wish, key: (await newKey()).privateKey }],
      ["COMMAND_EXPIRED", { ...wish, overrides: { expiresAtMs: Date.now() - hour } }],
      ["COMMAND_NOT_YET_VALID", { ...wish, overrides: { notBeforeMs: Date.now() + hour } }],
      ["COMMAND_WRONG_TARGET", { ...wish, overrides: { bridgeKeyFingerprint: "SHA256:other" } }],
      ["COMMAND_INVALID", { ...wish, overrides: { effect: "idempotent" } }],
      ["COMMAND_INVALID", { ...wish, overrides: { surprise: true } }],
      ["COMMAND_UNSUPPORTED", { ...wish, overrides: { action: "files.shred" } }],
      ["PROGRAM_NOT_ALLOWED", { action: "exec", params: { program: "bash", args: [] } }],
    ] as const;
    for (const [code, one] of cases) {
      expect(await relay.run(one)).toMatchObject({ verdict: "refused", code, startedAtMs: null, outputBytes: 0 });
    }
    expect(relay.results.every(({ result }) => result.kind === "finished")).toBe(true);
  });

  it("cannot be made to end a run that is going on by a forged one with its ids [W2] [W4]", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const { command, text } = await relay.platform.makeCommand({
      action: "exec",
      params: { program: "sleep", args: ["600"] },
    });
    relay.sendSigned(text);
    await relay.untilStarted(command.runId);
    const { commandId, runId } = command;
    for (const overrides of [{ commandId, runId }, { runId }]) {
      relay.sendSigned(
        (
          await relay.platform.makeCommand({
            action: "exec",
            params: { program: "true", args: [] },
            overrides,
            key: (await newKey()).privateKey,
          })
        ).text,
      );
    }
    await relay.run({ action: "exec", params: { program: "true", args: [] } });
    expect(relay.finished(runId)).toBeUndefined();
  });
});

describe("a data directory", () => {
  it("belongs to one bridge, and is free again after a SIGKILL", async () => {
    await using bridge = await RealBridge.start();
    const second = await runCli(["run", "--data", bridge.data.path]);
    expect(second).toMatchObject({ exitCode: 11 });
    expect((await runCli(["status", "--data", bridge.data.path])).stdout).toMatch(/online since/);
    await bridge.end("SIGKILL");
    expect((await runCli(["status", "--data", bridge.data.path])).stdout).toMatch(/not running/);
  });
});

describe("a lifeline", () => {
  it("that ends takes the run, the bridge and everything else with it, and the run says why", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    await bridge.end("SIGTERM");
    const path = join(bridge.data.path, "lifeline");
    execFileSync("mkfifo", [path]);
    const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    // Another process that holds it, so that the test itself need not die.
    const holder = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], {
      stdio: ["ignore", "ignore", "ignore", descriptor],
    });
    closeSync(descriptor);
    const before = relay.epoch;
    bridge.begin(["--lifeline", path]);
    await relay.changes.until(() => relay.epoch > before && relay.isOnline, "the bridge");
    await relay.run({ action: "exec", params: { program: "echo", args: ["x"] } }); // Its wrapper takes the next one.
    const runId = await relay.send({ action: "exec", params: { program: "sleep", args: ["600"] } });
    await relay.untilStarted(runId);
    const wrapper = readMarker(bridge.data.run(runId))!.pid;
    holder.kill("SIGKILL");
    expect(await relay.untilFinished(runId)).toMatchObject({ verdict: "interrupted", code: "INTERRUPTED" });
    await relay.changes.until(() => bridge.exitCode === 0, "the end of the bridge");
    await relay.changes.until(() => processStartTicks(wrapper) === undefined, "the end of the wrapper");
    expect(findRunProcesses(runId)).toEqual([]);
  });
});
