import { limits } from "@quarterdeck/core/protocol/limits";
import { mebibyte } from "@quarterdeck/core/units";
import { describe, expect, it } from "vitest";
import type { FakeRelay } from "./fake-relay.ts";
import { RealBridge } from "./real-bridge.ts";

const text = "0123456789abcde\n";
const write = (bytes: number) => ({
  action: "exec" as const,
  params: { program: "node", args: ["-e", `process.stdout.write("${text.trim()}\\n".repeat(${bytes / text.length}))`] },
  overrides: { limits: { timeoutMs: 60_000, outputBytes: 64 * mebibyte } },
});

/** Sends commands that will be refused, all in one frame: their results are made at once. */
async function sendRefused(relay: FakeRelay, count: number): Promise<void> {
  const wish = { action: "exec", params: { program: "bash", args: [] } } as const;
  const made = await Promise.all(Array.from({ length: count }, () => relay.platform.makeCommand(wish)));
  relay.sendSigned(...made.map((one) => one.text));
}

function resultFrames(relay: FakeRelay) {
  return relay.frames.flatMap((frame) => (frame.type === "results" ? [frame.items.map(({ seq }) => seq)] : []));
}

describe("results", () => {
  it("that are made durable together go out in one frame", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    await sendRefused(relay, 20);
    await relay.changes.until(() => relay.results.length === 20, "the results");
    expect(resultFrames(relay)).toEqual([Array.from({ length: 20 }, (_, index) => index + 1)]);
  });

  it("stop at the window while the relay acknowledges none, and all arrive once and in order when it does", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    relay.holdsResults = true;
    const total = limits.resultsInFlight + 44;
    for (let sent = 0; sent < total; sent += 100) {
      await sendRefused(relay, 100);
      await relay.changes.until(() => relay.acknowledged === sent + 100, "the acknowledgement");
    }
    // The acknowledgement of the last commands comes after the results that were sent with them.
    expect(resultFrames(relay).flat()).toEqual(Array.from({ length: limits.resultsInFlight }, (_, index) => index + 1));
    relay.holdsResults = false;
    relay.cut();
    await relay.changes.until(() => relay.results.length === total, "the results");
    expect(relay.results.map(({ seq }) => seq)).toEqual(Array.from({ length: total }, (_, index) => index + 1));
  });

  it("of a journal that is an older one begin a new session, which goes on [F8]", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    await relay.run({ action: "exec", params: { program: "true", args: [] } });
    const before = relay.hello?.sessionId;
    relay.skipResults(5);
    relay.cut();
    expect(await bridge.ended()).not.toBe(0);
    bridge.begin();
    await relay.changes.until(() => relay.hello?.sessionId !== before && relay.isOnline, "the new session");
    const end = await relay.run({ action: "exec", params: { program: "echo", args: ["after"] } });
    expect(end.verdict).toBe("succeeded");
    expect(relay.closes).not.toContain(4400);
  });
});

describe("a flood of output", () => {
  it("stops at its credit; a result, a cancel and its end still get through [F9]", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const endless = `for (const line = "${text.trim()}\\n".repeat(4096); ; ) require("fs").writeSync(1, line);`;
    const flood = await relay.send({
      action: "exec",
      params: { program: "node", args: ["-e", endless] },
      overrides: { limits: { timeoutMs: 60_000, outputBytes: mebibyte } },
    });
    await relay.untilStarted(flood);
    relay.holdsCredit = true;
    relay.watch({ runs: [flood] });
    const received = () => relay.output.get(flood)?.bytes.length ?? 0;
    await relay.changes.until(() => received() === limits.outputCreditBytes, "all that the credit allows");
    await relay.run({ action: "exec", params: { program: "echo", args: ["x"] } });
    await relay.send({ action: "task.cancel", params: { runId: flood } });
    expect(await relay.untilFinished(flood)).toMatchObject({ verdict: "cancelled" });
    expect(received()).toBe(limits.outputCreditBytes);
    // Nothing was thrown away meanwhile: the rest comes from the file.
    relay.holdsCredit = false;
    relay.giveCredit();
    const end = relay.finished(flood);
    await relay.changes.until(() => relay.output.get(flood)?.isEnded, "the rest of the output");
    expect(received()).toBe(mebibyte);
    expect((end?.outputBytes ?? 0) - (end?.outputCutBytes ?? 0)).toBe(mebibyte);
  });

  it("of a large log does not hold up what somebody else watches", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const large = await relay.run(write(12 * mebibyte));
    const small = await relay.run(write(1024));
    relay.watch({ runs: [large.runId] });
    const received = () => relay.output.get(large.runId)?.bytes.length ?? 0;
    await relay.changes.until(() => received() > mebibyte, "the beginning of the large log");
    relay.watch({ runs: [large.runId, small.runId] });
    const before = received();
    const after = await relay.changes.until(
      () => relay.output.get(small.runId)?.isEnded && received(),
      "the small log",
    );
    // What was on its way when it was asked for, and one turn.
    expect(after - before).toBeLessThanOrEqual(limits.outputCreditBytes + 2 * limits.outputChunkBytes);
    await relay.changes.until(() => relay.output.get(large.runId)?.isEnded, "the end of the large log");
    expect(received()).toBe(12 * mebibyte);
    expect(relay.output.get(large.runId)?.bytes.subarray(-text.length).toString()).toBe(text);
  });
});

describe("a hole in the commands", () => {
  it("ends the connection, nothing past it is taken, and it resumes there [W1]", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const wish = { action: "exec", params: { program: "echo", args: ["x"] } } as const;
    const made = await Promise.all([wish, wish, wish].map((one) => relay.platform.makeCommand(one)));
    relay.withhold(1);
    relay.sendSigned(...made.map((one) => one.text));
    await relay.changes.until(() => relay.closes.includes(4400), "the close");
    expect(relay.acknowledged).toBe(0);
    await relay.changes.until(() => made.every(({ command }) => relay.finished(command.runId)), "every run");
    for (const { command } of made) expect(relay.timesFinished(command.runId)).toBe(1);
  });
});
