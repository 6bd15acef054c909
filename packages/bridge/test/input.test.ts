import { limits } from "@quarterdeck/core/protocol/limits";
import type { RunId } from "@quarterdeck/core/ids";
import { describe, expect, it } from "vitest";
import { newId } from "./fake-relay.ts";
import { RealBridge } from "./real-bridge.ts";

const cat = { action: "exec", params: { program: "cat", args: [], input: true } } as const;

/** Starts a program that reads its input, and waits until it can. */
async function reading(bridge: RealBridge, wish: Parameters<RealBridge["relay"]["send"]>[0] = cat): Promise<RunId> {
  const { relay } = bridge;
  const runId = await relay.send(wish);
  await relay.untilStarted(runId);
  relay.watch({ runs: [runId] });
  await until(bridge, { runId, writer: "probe", seq: 1, text: "", isEnd: false }, null);
  return runId;
}

type Piece = Parameters<RealBridge["relay"]["type"]>[0];

/** Types until the bridge answers so: a program that has just started may not be ready. */
async function until({ relay }: RealBridge, piece: Piece, code: string | null): Promise<void> {
  for (;;) {
    const before = relay.inputStates(piece.writer).length;
    relay.type(piece);
    await relay.changes.until(() => relay.inputStates(piece.writer).length > before, "an answer");
    if (relay.inputStates(piece.writer).at(-1)?.code === code) return;
  }
}

const output = ({ relay }: RealBridge, runId: RunId) => relay.output.get(runId)?.bytes.toString() ?? "";

describe("input of a run", () => {
  it("that is sealed is refused, and the program gets nothing of it", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const runId = await reading(bridge);
    const piece = { runId, writer: "me", seq: 1, text: "x\n", isEnd: true };
    relay.type({ ...piece, keyEpoch: 1 });
    await relay.changes.until(() => relay.inputStates("me").length > 0, "the answer");
    expect(relay.inputStates("me").at(-1)).toEqual({ through: 0, code: "COMMAND_UNSUPPORTED" });
    await until(bridge, { ...piece, writer: "other", text: "y\n" }, null);
    await relay.untilFinished(runId);
    await relay.changes.until(() => output(bridge, runId) === "y\n", "the output");
  });

  it("reaches the program once and in order, is acknowledged, and ends when the writer says so", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const runId = await reading(bridge);
    const piece = { runId, writer: "me", isEnd: false };
    relay.type({ ...piece, seq: 1, text: "one\n" });
    relay.type({ ...piece, seq: 1, text: "one\n" });
    relay.type({ ...piece, seq: 2, text: "two\n" });
    await relay.changes.until(() => output(bridge, runId) === "one\ntwo\n", "the echo");
    relay.type({ ...piece, seq: 0, text: "" });
    relay.type({ ...piece, seq: 3, text: "three\n", isEnd: true });
    expect(await relay.untilFinished(runId)).toMatchObject({ verdict: "succeeded" });
    await relay.changes.until(() => output(bridge, runId) === "one\ntwo\nthree\n", "the rest");
    expect(relay.inputStates("me").at(-1)).toEqual({ through: 3, code: null });
    expect(relay.inputStates("me").every(({ code }) => code === null)).toBe(true);
  });

  it("is refused with what is wrong: no such run, a run that takes none, a hole, an ended run", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const first = { seq: 1, text: "x", isEnd: false };
    await until(bridge, { ...first, runId: newId("run") as RunId, writer: "a" }, "ALREADY_ENDED");
    const deaf = await relay.send({ action: "exec", params: { program: "sleep", args: ["600"] } });
    await relay.untilStarted(deaf);
    await until(bridge, { ...first, runId: deaf, writer: "b" }, "NOT_FOUND");
    const runId = await reading(bridge);
    await until(bridge, { ...first, runId, writer: "c", seq: 5 }, "CONFLICT");
    await until(bridge, { ...first, runId, writer: "d" }, null);
    await until(bridge, { ...first, runId, writer: "d", seq: 3 }, "CONFLICT");
    await until(bridge, { ...first, runId, writer: "d", seq: 2, isEnd: true }, null);
    await relay.untilFinished(runId);
    await until(bridge, { ...first, runId, writer: "d", seq: 3 }, "ALREADY_ENDED");
    expect(relay.finished(runId)?.outputBytes).toBe(2);
    await relay.send({ action: "task.cancel", params: { runId: deaf } });
    await relay.untilFinished(deaf);
  });

  it("belongs to the newest writer; the one before is told", async () => {
    await using bridge = await RealBridge.start();
    const runId = await reading(bridge);
    const piece = { runId, seq: 1, isEnd: false };
    await until(bridge, { ...piece, writer: "old", text: "old\n" }, null);
    await until(bridge, { ...piece, writer: "new", text: "new\n" }, null);
    await until(bridge, { ...piece, writer: "old", seq: 2, text: "lost\n" }, "CONFLICT");
    await until(bridge, { ...piece, writer: "new", seq: 2, text: "end\n", isEnd: true }, null);
    await bridge.relay.untilFinished(runId);
    await bridge.relay.changes.until(() => bridge.relay.output.get(runId)?.isEnded, "the end of the output");
    expect(output(bridge, runId)).toBe("old\nnew\nend\n");
  });

  it("that the program does not read is bounded [F9]", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const deaf = { program: "node", args: ["-e", "setInterval(() => {}, 1000)"], input: true };
    const runId = await reading(bridge, { action: "exec", params: deaf });
    const text = "x".repeat(16 * 1024);
    for (let seq = 1; seq <= 20; seq++) relay.type({ runId, writer: "me", seq, text, isEnd: false });
    await relay.changes.until(() => relay.inputStates("me").some(({ code }) => code === "RATE_LIMITED"), "the refusal");
    const taken = Math.max(...relay.inputStates("me").map(({ through }) => through));
    // What the kernel's pipe holds, and no acknowledgement for what waits behind it.
    expect(taken * text.length).toBeLessThanOrEqual(64 * 1024);
    expect(limits.inputInFlightBytes).toBeLessThan(20 * text.length);
    await relay.send({ action: "task.cancel", params: { runId } });
    await relay.untilFinished(runId);
  });

  it("goes on through a restart of the bridge: the program sees no end, a writer that was under way is told [F4]", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const runId = await reading(bridge);
    await until(bridge, { runId, writer: "me", seq: 1, text: "before\n", isEnd: false }, null);
    const { epoch } = relay;
    await bridge.end("SIGKILL");
    bridge.begin();
    await relay.changes.until(() => relay.epoch > epoch && relay.isOnline, "the bridge");
    await until(bridge, { runId, writer: "me", seq: 2, text: "unknown\n", isEnd: false }, "CONFLICT");
    await until(bridge, { runId, writer: "again", seq: 1, text: "after\n", isEnd: true }, null);
    expect(await relay.untilFinished(runId)).toMatchObject({ verdict: "succeeded" });
    await relay.changes.until(() => output(bridge, runId) === "before\nafter\n", "the output");
  });
});
