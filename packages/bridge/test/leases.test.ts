import { stopsAfterMs } from "@quarterdeck/core/protocol/lease";
import { limits } from "@quarterdeck/core/protocol/limits";
import { dayMs, hourMs, minuteMs } from "@quarterdeck/core/units";
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { FaultyBridge } from "./faulty-bridge.ts";
import type { FakeRelay } from "./fake-relay.ts";

let faulty: FaultyBridge;
let relay: FakeRelay;
beforeAll(async () => {
  faulty = await FaultyBridge.start();
  relay = faulty.bridge.relay;
});
afterEach(() => {
  faulty.setUptime(0);
  faulty.setClock(0);
});
afterAll(() => faulty[Symbol.asyncDispose]());

const long = { action: "exec", params: { program: "sleep", args: ["600"] } } as const;
const attached = { ...long, overrides: { detached: false } } as const;
const stopped = { verdict: "interrupted", code: "LEASE_EXPIRED" };

function readable(path: string): boolean {
  try {
    return readFileSync(path, "utf8").length > 0;
  } catch {
    return false;
  }
}

describe("a run that may not go on without the platform", () => {
  it("is stopped when there was no connection for so long, and says so; one that may goes on [F7]", async () => {
    const [bound, free] = [await relay.send(attached), await relay.send(long)];
    await Promise.all([relay.untilStarted(bound), relay.untilStarted(free)]);
    // The clock that people set says nothing about it, whatever it says.
    faulty.setClock(30 * minuteMs);
    relay.cut();
    await relay.changes.until(() => !relay.isOnline, "the cut");
    await relay.untilOnline();
    expect(await relay.run({ action: "exec", params: { program: "echo", args: ["x"] } })).toMatchObject({
      code: "COMMAND_EXPIRED",
    });
    expect(relay.finished(bound)).toBeUndefined();
    faulty.setClock(0);

    const logged = faulty.bridge.log.length;
    relay.impostor = (socket) => {
      // It looked at the clock when the connection was gone.
      faulty.setUptime(stopsAfterMs + minuteMs);
      socket.close(1013);
    };
    relay.cut();
    await relay.changes.until(
      () => faulty.bridge.log.slice(logged).includes("no connection for too long"),
      "its log",
      60_000,
    );
    relay.impostor = undefined;
    expect(await relay.untilFinished(bound, 90_000)).toMatchObject(stopped);
    expect(relay.finished(free)).toBeUndefined();
    await relay.send({ action: "task.cancel", params: { runId: free } });
    expect(await relay.untilFinished(free)).toMatchObject({ verdict: "cancelled", code: "CANCELLED" });
  }, 120_000);

  it("counts the time before its bridge was killed, and while none was there [F7] [F4]", async () => {
    const bound = await relay.send(attached);
    await relay.untilStarted(bound);
    await faulty.bridge.end("SIGKILL");
    faulty.setUptime(stopsAfterMs + minuteMs);
    relay.impostor = (socket) => socket.close(1013);
    faulty.bridge.begin();
    const { result } = faulty.bridge.data.run(bound);
    await relay.changes.until(() => readable(result), "the end of the program", 60_000);
    relay.impostor = undefined;
    expect(await relay.untilFinished(bound, 90_000)).toMatchObject(stopped);
  }, 120_000);

  it("is stopped when its server wakes from a long sleep, connection or not [F7]", async () => {
    const bound = await relay.send(attached);
    await relay.untilStarted(bound);
    faulty.setUptime(dayMs);
    expect(await relay.untilFinished(bound, 60_000)).toMatchObject(stopped);
  }, 90_000);

  it("is cancelled like any other while there is a connection", async () => {
    const bound = await relay.send(attached);
    await relay.untilStarted(bound);
    await relay.send({ action: "task.cancel", params: { runId: bound } });
    expect(await relay.untilFinished(bound)).toMatchObject({ verdict: "cancelled", code: "CANCELLED" });
  });
});

describe("a run that was taken and not begun before its server was away", () => {
  it.each([
    ["may go on alone", {}, 15 * minuteMs + hourMs],
    ["may not", { detached: false }, limits.leaseMs],
  ])("and %s, does not begin when the platform may have given it up [F7]", async (_, overrides, keptMs) => {
    const now = Date.now();
    for (const [lateMs, end] of [
      [minuteMs, { verdict: "expired", code: "LEASE_EXPIRED", startedAtMs: null }],
      [-minuteMs, { verdict: "succeeded" }],
    ] as const) {
      faulty.killAt("RECEIVED after commit");
      const { command, text } = await relay.platform.makeCommand({
        action: "exec",
        params: { program: "echo", args: ["x"] },
        overrides: { ...overrides, notBeforeMs: now, expiresAtMs: now + 15 * minuteMs },
      });
      relay.sendSigned(text);
      await relay.changes.until(() => faulty.wasKilled && !relay.isOnline, "the end of the bridge");
      relay.welcomeChanges = { relayTimeMs: now + keptMs + lateMs };
      faulty.bridge.begin();
      expect(await relay.untilFinished(command.runId)).toMatchObject(end);
      relay.welcomeChanges = {};
    }
  });
});
