import { limits } from "@quarterdeck/core/protocol/limits";
import { deriveContentKey } from "@quarterdeck/core/protocol/content-sealing";
import { deriveInputKey, type InputPlace } from "@quarterdeck/core/protocol/input-sealing";
import type { RunInput } from "@quarterdeck/core/protocol/run-input";
import type { RunId } from "@quarterdeck/core/ids";
import { describe, expect, it } from "vitest";
import { newId } from "./fake-platform.ts";
import { RealBridge } from "./real-bridge.ts";
import { sealPiece, Typist } from "./typist.ts";

const cat = { action: "exec", params: { program: "cat", args: [], input: true } } as const;

/** Starts a program and watches what it prints. */
async function started(bridge: RealBridge, wish: Parameters<RealBridge["relay"]["send"]>[0] = cat): Promise<RunId> {
  const { relay } = bridge;
  const runId = await relay.send(wish);
  await relay.untilStarted(runId);
  relay.watch({ runs: [runId] });
  return runId;
}

const output = ({ relay }: RealBridge, runId: RunId) => relay.output.get(runId)?.bytes.toString() ?? "";

describe("input of a run", () => {
  it("reaches the program once and in order, is acknowledged, and ends when the writer says so", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const runId = await started(bridge);
    const me = await Typist.begin(relay, runId);
    await me.type("one\n");
    expect(await me.type("one\n", { seq: 1 })).toMatchObject({ through: 1, code: null });
    expect(await me.ask()).toMatchObject({ through: 1, turn: { id: me.turn, keyEpoch: 1 }, code: null });
    // Both at once, as a fast writer sends them.
    const [two, three] = [await me.seal("two\n"), await me.seal("three\n", { seq: 3, isEnd: true })];
    relay.sendInput(two);
    relay.sendInput(three);
    expect(await relay.untilFinished(runId)).toMatchObject({ verdict: "succeeded" });
    await relay.changes.until(() => output(bridge, runId) === "one\ntwo\nthree\n", "the output");
    expect(me.answers.at(-1)).toMatchObject({ through: 3, code: null });
    expect(me.answers.filter(({ code }) => code !== null && code !== "NOT_READY")).toEqual([]);
  });

  it("is refused with what is wrong: no such run, a run that takes none, a hole, an ended run", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    expect(await new Typist(relay, newId("run") as RunId).ask()).toMatchObject({ code: "ALREADY_ENDED" });
    const deaf = await relay.send({ action: "exec", params: { program: "sleep", args: ["600"] } });
    await relay.untilStarted(deaf);
    const toDeaf = await Typist.begin(relay, deaf, "deaf");
    expect(await toDeaf.type("x")).toMatchObject({ code: "NOT_FOUND" });
    const runId = await started(bridge);
    const me = await Typist.begin(relay, runId, "d");
    expect(await me.type("x", { seq: 5 })).toMatchObject({ code: "CONFLICT" });
    expect(await me.type("x")).toMatchObject({ code: null });
    expect(await me.type("x", { seq: 3 })).toMatchObject({ code: "CONFLICT" });
    expect(await me.type("x", { isEnd: true })).toMatchObject({ code: null });
    await relay.untilFinished(runId);
    expect(await me.type("x")).toMatchObject({ code: "ALREADY_ENDED" });
    expect(relay.finished(runId)?.outputBytes).toBe(2);
    await relay.send({ action: "task.cancel", params: { runId: deaf } });
    await relay.untilFinished(deaf);
  });

  it("belongs to the newest writer; the one before is told", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const runId = await started(bridge);
    const before = await Typist.begin(relay, runId, "old");
    await before.type("old\n");
    const after = await Typist.begin(relay, runId, "new");
    await after.type("new\n");
    expect(await before.type("lost\n")).toMatchObject({ code: "CONFLICT" });
    await after.type("end\n", { isEnd: true });
    await relay.untilFinished(runId);
    await relay.changes.until(() => relay.output.get(runId)?.isEnded, "the end of the output");
    expect(output(bridge, runId)).toBe("old\nnew\nend\n");
  });

  it("that the program does not read is bounded [F9]", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const deaf = { program: "node", args: ["-e", "setInterval(() => {}, 1000)"], input: true };
    const runId = await started(bridge, { action: "exec", params: deaf });
    const me = await Typist.begin(relay, runId);
    const text = "x".repeat(16 * 1024);
    await me.type(text);
    for (let seq = 2; seq <= 20; seq++) relay.sendInput(await me.seal(text, { seq }));
    await relay.changes.until(() => me.answers.some(({ code }) => code === "RATE_LIMITED"), "the refusal");
    const taken = Math.max(...me.answers.map(({ through }) => through));
    // What the kernel's pipe holds, and no acknowledgement for what waits behind it.
    expect(taken * text.length).toBeLessThanOrEqual(64 * 1024);
    expect(limits.inputInFlightBytes).toBeLessThan(20 * text.length);
    await relay.send({ action: "task.cancel", params: { runId } });
    await relay.untilFinished(runId);
  });

  it("goes on through a restart of the bridge: the program sees no end, a writer that was under way is told [F4]", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const runId = await started(bridge);
    const me = await Typist.begin(relay, runId);
    const first = await me.seal("before\n");
    expect(await me.type("before\n")).toMatchObject({ code: null });
    const { epoch } = relay;
    await bridge.end("SIGKILL");
    bridge.begin();
    await relay.changes.until(() => relay.epoch > epoch && relay.isOnline, "the bridge");
    expect(await me.type("unknown\n")).toMatchObject({ code: "CONFLICT" });
    // A relay that kept what was typed before the restart cannot have it typed again [W4].
    expect(await me.send(first)).toMatchObject({ code: "CONFLICT" });
    const again = await Typist.begin(relay, runId, "again");
    expect(await again.type("after\n", { isEnd: true })).toMatchObject({ code: null });
    expect(await relay.untilFinished(runId)).toMatchObject({ verdict: "succeeded" });
    await relay.changes.until(() => output(bridge, runId) === "before\nafter\n", "the output");
  });
});

describe("a relay that may do what it likes [W4]", () => {
  it("cannot type: not in clear, not with the key of the output, not with a piece of output", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const runId = await started(bridge);
    const me = await Typist.begin(relay, runId);
    await me.type("mine\n");
    await relay.changes.until(() => output(bridge, runId) === "mine\n", "the echo");
    const place = { runId, writer: "me", turn: me.turn, seq: 2, isEnd: false };
    const clear = Buffer.from("rm -rf everything that is not backed up\n").toString("base64");
    const printed = relay.frames.find((frame) => frame.type === "output" && frame.data.length > 44);
    const ofReaders = await sealPiece(await deriveContentKey(relay.platform.streamKey, runId), place, "by a reader\n");
    const attempts = [clear, "", printed?.type === "output" ? printed.data : "missing", ofReaders.data];
    for (const data of attempts)
      expect(await me.send({ type: "input", ...place, data })).toMatchObject({
        through: 1,
        code: "CONTENT_UNREADABLE",
      });
    await me.type("end\n", { isEnd: true });
    await relay.untilFinished(runId);
    await relay.changes.until(() => relay.output.get(runId)?.isEnded, "the end of the output");
    expect(output(bridge, runId)).toBe("mine\nend\n");
  });

  it("cannot change a piece, nor move it to another place, writer or run", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const runId = await started(bridge);
    const other = await started(bridge);
    relay.watch({ runs: [runId, other] });
    const me = await Typist.begin(relay, runId);
    const piece = await me.seal("y\n");
    const toOther = await Typist.begin(relay, other, "me");
    const bytes = Buffer.from(piece.data, "base64");
    bytes[20]! ^= 1;
    const mallory = new Typist(relay, runId, "mallory");
    const forged: [Typist, RunInput][] = [
      [me, { ...piece, data: bytes.toString("base64") }],
      [me, { ...piece, isEnd: true }],
      [mallory, { ...piece, writer: "mallory" }],
      [toOther, { ...piece, runId: other, turn: toOther.turn }],
      [me, { ...piece, data: (await sealPiece(await oldKey(bridge, runId), placeOf(piece), "y\n")).data }],
    ];
    for (const [typist, one] of forged)
      expect(await typist.send(one)).toMatchObject({ through: 0, code: "CONTENT_UNREADABLE" });
    expect(await me.send(piece)).toMatchObject({ through: 1, code: null });
    // What is taken moves no further either: as the second piece, or in the other run's turn.
    expect(await me.send({ ...piece, seq: 2 })).toMatchObject({ through: 1, code: "CONTENT_UNREADABLE" });
    expect(await toOther.send({ ...piece, runId: other })).toMatchObject({ code: "CONFLICT" });
    await me.type("", { isEnd: true });
    await toOther.type("", { isEnd: true });
    await Promise.all([relay.untilFinished(runId), relay.untilFinished(other)]);
    await relay.changes.until(() => [runId, other].every((one) => relay.output.get(one)?.isEnded), "both ends");
    expect([output(bridge, runId), output(bridge, other)]).toEqual(["y\n", ""]);
  });

  it("cannot have typed again what a writer typed before another took over, nor hold a beginning back for later", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const runId = await started(bridge);
    const first = await Typist.begin(relay, runId, "first");
    const late = await (await Typist.begin(relay, runId, "late")).seal("late\n");
    const kept = await first.seal("first\n");
    expect(await first.type("first\n")).toMatchObject({ code: null });
    const second = await Typist.begin(relay, runId, "second");
    await second.type("second\n");
    expect(await first.send(kept)).toMatchObject({ code: "CONFLICT" });
    expect(await new Typist(relay, runId, "late").send(late)).toMatchObject({ code: "CONFLICT" });
    await second.type("end\n", { isEnd: true });
    await relay.untilFinished(runId);
    await relay.changes.until(() => relay.output.get(runId)?.isEnded, "the end of the output");
    expect(output(bridge, runId)).toBe("first\nsecond\nend\n");
  });
});

function placeOf({ runId, turn, writer, seq, isEnd }: RunInput): InputPlace {
  return { runId, turn, writer, seq, isEnd };
}

/** The input key of the run in an epoch that is over: whoever was removed has it, and the run's own is another. */
function oldKey({ relay }: RealBridge, runId: RunId) {
  return deriveInputKey({ ...relay.platform.streamKey, epoch: relay.platform.streamKey.epoch + 1 }, runId);
}
