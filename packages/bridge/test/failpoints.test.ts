import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RunId } from "@quarterdeck/core/ids";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FaultyBridge } from "./faulty-bridge.ts";
import { newId } from "./fake-platform.ts";

let faulty: FaultyBridge;
beforeAll(async () => {
  faulty = await FaultyBridge.start();
});
afterAll(() => faulty[Symbol.asyncDispose]());

/** A program that counts its starts, and runs long enough to be reported as started. */
function counting(durationMs = 100) {
  const { data, relay } = faulty.bridge;
  const count = join(data.workspace(relay.platform.workspaceId).scratch, newId("entry"));
  const script = `require('node:fs').appendFileSync(${JSON.stringify(count)}, 'x'); setTimeout(() => {}, ${durationMs})`;
  const starts = () => (existsSync(count) ? readFileSync(count, "utf8").length : 0);
  return { send: () => relay.send({ action: "exec", params: { program: "node", args: ["-e", script] } }), starts };
}

/** Each run has ended once, and no result is missing between the others. */
function expectExactRecord(...runs: RunId[]): void {
  const { relay } = faulty.bridge;
  expect(runs.map((runId) => relay.timesFinished(runId))).toEqual(runs.map(() => 1));
  expect(relay.results.map(({ seq }) => seq)).toEqual(relay.results.map((_, index) => index + 1));
}

describe("a bridge that is killed", () => {
  it.each([
    "RECEIVED before commit",
    "RECEIVED after commit",
    "ack sent",
    "INTENT before commit",
    "INTENT after commit",
    "run handed over",
    "STARTED before commit",
    "STARTED after commit",
    "DONE before commit",
    "DONE after commit",
    "results sent",
    "ACKNOWLEDGED before commit",
    "ACKNOWLEDGED after commit",
  ])("at %s: the run starts once and its true result is recorded once [F4]", async (moment) => {
    const { bridge } = faulty;
    const { relay } = bridge;
    const [first, second] = [counting(), counting()];
    faulty.killAt(moment);
    const firstRun = await first.send();
    await relay.changes.until(() => bridge.hasEnded || relay.finished(firstRun), "the run or the kill");
    // What the relay has is written down with the next commit, so there is another one.
    const secondRun = await second.send();
    await relay.changes.until(() => bridge.hasEnded, "the kill");
    bridge.begin();
    for (const runId of [firstRun, secondRun])
      expect(await relay.untilFinished(runId)).toMatchObject({ verdict: "succeeded" });
    expect([first.starts(), second.starts()]).toEqual([1, 1]);
    expectExactRecord(firstRun, secondRun);
  });
});

describe("a wrapper that is killed", () => {
  it.each([
    ["before marker", { verdict: "succeeded" }, 1],
    ["before program", { verdict: "indeterminate", code: "CUT_OFF" }, 0],
    ["before result", { verdict: "indeterminate", code: "CUT_OFF" }, 1],
    ["after result", { verdict: "succeeded" }, 1],
  ])("%s, alone and with its bridge: never a second start, and the truth is told [F4]", async (moment, end, starts) => {
    const { bridge } = faulty;
    for (const isBridgeKilled of [false, true]) {
      const program = counting();
      faulty.killAt(moment);
      const runId = await program.send();
      await bridge.relay.changes.until(() => faulty.wasKilled, "the kill");
      if (isBridgeKilled) {
        await bridge.end("SIGKILL");
        bridge.begin();
      }
      expect(await bridge.relay.untilFinished(runId)).toMatchObject(end);
      expect(program.starts()).toBe(starts);
      expectExactRecord(runId);
    }
  });
});

describe("a machine that reboots", () => {
  it("during a run that must start at most once: nobody can say how it ended, and it is not started again [F4]", async () => {
    const { relay } = faulty.bridge;
    const program = counting(600_000);
    const runId = await program.send();
    await relay.untilStarted(runId);
    await relay.changes.until(() => program.starts() === 1, "the program");
    await faulty.reboot(runId, "boot-2");
    expect(await relay.untilFinished(runId)).toMatchObject({ verdict: "indeterminate", code: "CUT_OFF" });
    expect(program.starts()).toBe(1);
    expect(relay.hello?.bootId).toBe("boot-2");
    const later = await counting().send();
    expect(await relay.untilFinished(later)).toMatchObject({ verdict: "succeeded" });
    expectExactRecord(runId, later);
  });

  it("during a run whose effect is harmless: it is started again by itself [F4]", async () => {
    const { relay } = faulty.bridge;
    const wish = { action: "workspace.create" } as const;
    faulty.killAt("DONE before commit");
    const runId = await relay.send(wish);
    await relay.changes.until(() => faulty.bridge.hasEnded, "the kill");
    await faulty.reboot(runId, "boot-3");
    expect(await relay.untilFinished(runId)).toMatchObject({ verdict: "succeeded", attempt: 1 });
    expectExactRecord(runId);
  });
});
