import { dayMs, hourMs } from "@quarterdeck/core/units";
import { existsSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { FaultyBridge } from "./faulty-bridge.ts";
import type { FakeRelay } from "./fake-relay.ts";

let faulty: FaultyBridge;
let relay: FakeRelay;
beforeAll(async () => {
  faulty = await FaultyBridge.start();
  relay = faulty.bridge.relay;
});
afterEach(() => faulty.setClock(0));
afterAll(() => faulty[Symbol.asyncDispose]());

const echo = { action: "exec", params: { program: "echo", args: ["x"] } } as const;
const tenYearsMs = 3652 * dayMs;

describe("a server whose clock is wrong", () => {
  it.each([
    ["an hour ahead", hourMs, "COMMAND_EXPIRED"],
    ["ten years ahead", tenYearsMs, "COMMAND_EXPIRED"],
    ["an hour behind", -hourMs, "COMMAND_NOT_YET_VALID"],
    ["ten years behind", -tenYearsMs, "COMMAND_NOT_YET_VALID"],
  ])("by %s refuses what it cannot date, says so, and works when it is right again [F7]", async (_, aheadMs, code) => {
    faulty.setClock(aheadMs);
    expect(await relay.run(echo)).toMatchObject({ verdict: "refused", code, startedAtMs: null, outputBytes: 0 });
    faulty.setClock(0);
    expect(await relay.run(echo)).toMatchObject({ verdict: "succeeded" });
  });

  it("and jumps during runs: each ends once, took as long as it took, and survives its bridge [F7] [F4]", async () => {
    for (const aheadMs of [tenYearsMs, -tenYearsMs]) {
      faulty.setClock(0);
      const runId = await relay.send({ action: "exec", params: { program: "sleep", args: ["0.3"] } });
      await relay.untilStarted(runId);
      faulty.setClock(aheadMs);
      await faulty.bridge.end("SIGKILL");
      faulty.bridge.begin();
      await relay.changes.until(() => existsSync(faulty.bridge.data.run(runId).result), "the end of the program");
      faulty.setClock(0); // With the wrong one it may not believe the relay's certificate.
      const end = await relay.untilFinished(runId);
      expect(end).toMatchObject({ verdict: "succeeded" });
      expect(end.durationMs).toBeGreaterThanOrEqual(300);
      expect(end.durationMs).toBeLessThan(hourMs / 2);
      expect(relay.timesFinished(runId)).toBe(1);
    }
  });

  it("by years is not let to believe a relay's expired certificate, and is told to look at its clock [F7] [W4]", async () => {
    const { bridge } = faulty;
    faulty.setClock(tenYearsMs);
    await bridge.end("SIGKILL");
    const logged = bridge.log.length;
    bridge.begin();
    await relay.changes.until(() => bridge.log.includes("this server's clock is wrong", logged), "the log");
    expect(relay.isOnline).toBe(false);
    faulty.setClock(0);
    await relay.untilOnline();
    expect(await relay.run(echo)).toMatchObject({ verdict: "succeeded" });
  });

  it("and forgets nothing early: what comes again after a start ten years ahead is known [F7] [W3]", async () => {
    const { bridge } = faulty;
    const { command, text } = await relay.platform.makeCommand(echo);
    const cancelled = await relay.platform.makeCommand(echo);
    relay.sendSigned(text);
    await relay.send({ action: "task.cancel", params: { runId: cancelled.command.runId } });
    await relay.untilFinished(command.runId);
    faulty.setClock(tenYearsMs);
    await bridge.end("SIGKILL");
    const logged = bridge.log.length;
    bridge.begin();
    await relay.changes.until(() => bridge.log.slice(logged).includes("bridge is running"), "its tidying at the start");
    faulty.setClock(0);
    await relay.untilOnline();
    relay.sendSigned(text, cancelled.text);
    expect(await relay.untilFinished(cancelled.command.runId)).toMatchObject({ verdict: "cancelled" });
    await relay.run(echo);
    expect(relay.timesFinished(command.runId)).toBe(1);
  });
});
