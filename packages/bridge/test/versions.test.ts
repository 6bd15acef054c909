import { protocolRange } from "@quarterdeck/core/protocol/version";
import type { BridgeToRelay } from "@quarterdeck/core/protocol/bridge-to-relay";
import { splitReadings } from "@quarterdeck/core/protocol/compact-readings";
import { describe, expect, it } from "vitest";
import { createLog } from "../src/log.ts";
import { SampleSpool } from "../src/telemetry/sample-spool.ts";
import { newId } from "./fake-platform.ts";
import { RealBridge } from "./real-bridge.ts";

describe("[F11] a relay that is newer than the bridge", () => {
  it("of the same major version: what this bridge does not know of its handshake is ignored, and work goes on", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    relay.future = {
      challenge: { protocolRange: { min: { major: 1, minor: 0 }, max: { major: 1, minor: 9 } }, motd: "hello" },
      welcome: { colours: ["red"], credit: { outputBytes: 65_536, results: 16, wishes: 3 } },
    };
    relay.cut();
    await relay.changes.until(() => relay.epoch === 2 && relay.isOnline, "the second connection");
    expect(relay.hello?.protocolRange.max).toEqual(protocolRange.max);
    expect(await relay.run({ action: "exec", params: { program: "true", args: [] } })).toMatchObject({
      verdict: "succeeded",
    });
  });

  it("of another major version: the bridge says so, and comes back more and more slowly", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    relay.future = { challenge: { protocolRange: { min: { major: 2, minor: 0 }, max: { major: 2, minor: 0 } } } };
    relay.cut();
    await relay.changes.until(() => relay.closes.includes(4406), "the refusal");
    await relay.changes.until(() => bridge.log.includes('"closeCode":4406'), "the log");
    const line = bridge.log.split("\n").find((text) => text.includes('"closeCode":4406')) ?? "{}";
    const { retryInMs } = JSON.parse(line) as { retryInMs: number };
    expect(retryInMs).toBe(60_000);
    expect(bridge.log).toContain("Update quarterdeck-bridge");
    expect(bridge.exitCode).toBeNull();
  });

  it("asks for an action that this bridge does not know: it is refused under its own code, and nothing else stops", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const { text } = await relay.platform.makeCommand({
      action: "exec",
      overrides: { action: "moon.land", effect: "once" },
    });
    relay.sendSigned(text);
    const refusal = await relay.changes.until(
      () => relay.results.map(({ result }) => result).find((result) => result.kind === "finished"),
      "the refusal",
    );
    expect(refusal).toMatchObject({ verdict: "refused", code: "COMMAND_UNSUPPORTED" });
    expect(await relay.run({ action: "exec", params: { program: "true", args: [] } })).toMatchObject({
      verdict: "succeeded",
    });
  });
});

type ReadingsFrame = Extract<BridgeToRelay, { readings: unknown }>;

/** Readings with everything that 1.1 brought, which an earlier bridge could not send. */
function leaveReadings(directory: string): void {
  const log = createLog({ write: () => undefined, isForPeople: false, nowMs: () => 0 });
  const atMs = Date.now() - 60_000;
  const usage = { cpu: 5, memory: 6, tasks: 7, runs: 1, disk: null, network: null, pressure: null };
  SampleSpool.open({ directory, log }).add(
    {
      atMs,
      cpu: 100,
      cpuCapacity: 2000,
      memoryUsed: 1,
      memoryTotal: 2,
      diskUsed: 1,
      diskTotal: 2,
      networkReceived: 0,
      networkSent: 0,
      load1: 0.5,
      runs: 0,
      pressure: { cpu: 1, memory: 2, io: 3 },
    },
    [{ workspaceId: newId("workspace"), atMs, ...usage, projects: [], topRuns: [] }],
  );
}

describe("[F11] a relay that is older than the bridge", () => {
  it.each([
    ["1.0 gets the server's readings and no pressure, no workspace", 0, false],
    ["1.1 gets both", 1, true],
  ])("and welcomes it in %s, also of what was kept while it was away", async (_, minor, isNewSent) => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    await bridge.end("SIGTERM");
    leaveReadings(bridge.data.spool);
    relay.welcomeChanges = { protocol: { major: 1, minor } };
    relay.frames.length = 0;
    bridge.begin();
    const sent = () => relay.frames.filter((frame): frame is ReadingsFrame => "readings" in frame);
    await relay.changes.until(() => sent().some(({ type }) => type === "history"), "what was kept");
    await relay.changes.until(() => sent().some(({ type }) => type === "telemetry"), "how it is now");
    const groups = sent().flatMap(({ readings }) => readings);
    const { server, workspaces } = splitReadings(groups);
    expect(server.length).toBeGreaterThan(1);
    expect({
      hasPressure: server.some((group) => "pressure" in group || group.rows.some((row) => row.length > 11)),
      hasWorkspace: workspaces.length > 0,
    }).toEqual({ hasPressure: isNewSent, hasWorkspace: isNewSent });
    // And it still works.
    expect(await relay.run({ action: "exec", params: { program: "true", args: [] } })).toMatchObject({
      verdict: "succeeded",
    });
  });
});
