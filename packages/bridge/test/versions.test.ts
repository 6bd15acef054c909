import { protocolRange } from "@quarterdeck/core/protocol/version";
import { describe, expect, it } from "vitest";
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
