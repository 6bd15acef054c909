import { statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readIdentity } from "../src/identity.ts";
import type { FakeRelay } from "./fake-relay.ts";
import { RealBridge } from "./real-bridge.ts";

const echo = { action: "exec", params: { program: "echo", args: ["x"] } } as const;

const untilTaken = (relay: FakeRelay, version: number) =>
  relay.changes.until(
    () => relay.frames.some((frame) => frame.type === "keysTaken" && frame.version === version),
    `version ${version} of the keys`,
  );

describe("a rotation of the platform's keys", () => {
  it("is learned while connected, durably, and old and new keys are obeyed during the overlap", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const old = relay.platform.current.privateKey;
    relay.sendKeys(await relay.platform.changeKeys("rotate"));
    await untilTaken(relay, 2);
    expect(readIdentity(bridge.data).platformKeys).toEqual(relay.platform.keys);
    expect(statSync(bridge.data.identityFile).mode & 0o777).toBe(0o600);
    expect(await relay.run(echo)).toMatchObject({ verdict: "succeeded" });
    expect(await relay.run({ ...echo, key: old })).toMatchObject({ verdict: "succeeded" });
    await bridge.end("SIGKILL");
    bridge.begin();
    await relay.changes.until(() => relay.hello?.keysVersion === 2, "the hello");
  });

  it("that a bridge missed reaches it when it is back; one that missed two is told to connect again", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    await relay.platform.changeKeys("rotate");
    relay.cut();
    await untilTaken(relay, 2);
    relay.announcesKeys = false;
    await relay.platform.changeKeys("rotate");
    relay.cut();
    await relay.changes.until(() => relay.epoch === 3 && relay.isOnline, "the connection after one more rotation");
    await relay.platform.changeKeys("rotate");
    relay.cut();
    await relay.changes.until(() => bridge.log.includes("connect the server again"), "the log");
    await relay.changes.until(() => relay.closes.includes(4400), "the end of that connection");
    expect(relay.isOnline).toBe(false);
  });

  it("does not count when the current key signed it, or nobody; nothing changes and the connection goes on [W2]", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const { signed } = await relay.platform.changeKeys("rotate");
    relay.sendKeys({ signed, signature: "A".repeat(86) });
    await relay.changes.until(() => bridge.log.includes("does not count"), "the log");
    expect(readIdentity(bridge.data).platformKeys.version).toBe(1);
    expect(await relay.run(echo)).toMatchObject({ verdict: "succeeded" });
  });
});

describe("a revoked key", () => {
  it("is dropped at once: its commands, its relay and its old statements are refused [W2]", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const stolen = relay.platform.current;
    const rotation = await relay.platform.changeKeys("rotate"); // The stolen key is the previous one here.
    relay.sendKeys(rotation);
    await untilTaken(relay, 2);
    const revokedToo = relay.platform.current;
    relay.sendKeys(await relay.platform.changeKeys("revoke"));
    const late = await relay.platform.makeCommand({ ...echo, key: revokedToo.privateKey });
    relay.sendSigned(late.text);
    await relay.changes.until(() => relay.hello?.keysVersion === 3 && relay.isOnline, "the next connection");
    expect(await relay.untilFinished(late.command.runId)).toMatchObject({
      verdict: "refused",
      code: "SIGNATURE_INVALID",
    });
    expect(await relay.run({ ...echo, key: stolen.privateKey })).toMatchObject({ code: "SIGNATURE_INVALID" });
    expect(await relay.run(echo)).toMatchObject({ verdict: "succeeded" });
    relay.sendKeys(rotation);
    await relay.run(echo);
    expect(readIdentity(bridge.data).platformKeys).toEqual(relay.platform.keys);
    relay.platform.current = revokedToo;
    relay.cut();
    await relay.changes.until(() => bridge.log.includes("vouches for the relay"), "the log");
    expect(relay.isOnline).toBe(false);
  });

  it("does not take from a run that it had started its result, not even across a restart", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const runId = await relay.send({ action: "exec", params: { program: "sleep", args: ["2"] } });
    await relay.untilStarted(runId);
    await relay.platform.changeKeys("revoke");
    relay.cut();
    await relay.changes.until(() => relay.hello?.keysVersion === 2 && relay.isOnline, "the revocation");
    await bridge.end("SIGKILL");
    bridge.begin();
    expect(await relay.untilFinished(runId)).toMatchObject({ verdict: "succeeded" });
  });
});
