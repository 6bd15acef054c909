import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { signText } from "@quarterdeck/core/protocol/signing";
import { newKey } from "./fake-platform.ts";
import { type FakeRelay } from "./fake-relay.ts";
import { RealBridge } from "./real-bridge.ts";

let bridge: RealBridge;
let relay: FakeRelay;
beforeAll(async () => {
  bridge = await RealBridge.start();
  relay = bridge.relay;
});
// A bridge that has been cut off again and again waits longer each time; a new process does not.
afterEach(async () => {
  await bridge.end("SIGKILL");
  const { epoch } = relay;
  bridge.begin();
  await relay.changes.until(() => relay.epoch > epoch && relay.isOnline, "the next process");
});
afterAll(() => bridge[Symbol.asyncDispose]());

const echo = (text: string) => ({ action: "exec", params: { program: "echo", args: [text] } }) as const;

/** The relay does something; the bridge cuts it off, comes back to one that behaves, and works. */
async function isCutOff(misbehave: () => void | Promise<void>, closeCode = 4400): Promise<void> {
  const [epoch, closes] = [relay.epoch, relay.closes.length];
  await misbehave();
  await relay.changes.until(() => relay.closes.length > closes, "the bridge to leave");
  expect(relay.closes.slice(closes)).toContain(closeCode);
  await relay.changes.until(() => relay.epoch > epoch && relay.isOnline, "the bridge to come back");
}

describe("a relay", () => {
  it("that reorders or withholds commands is cut off, and each runs once when they come as they should [W4]", async () => {
    const [a, b] = [await relay.platform.makeCommand(echo("a")), await relay.platform.makeCommand(echo("b"))];
    const next = relay.acknowledged + 1;
    const before = relay.results.length;
    const swapped = [
      { seq: next + 1, ...b.text },
      { seq: next, ...a.text },
    ];
    await isCutOff(() => relay.sendRaw(JSON.stringify({ type: "commands", items: swapped })));
    await isCutOff(() => relay.sendRaw(JSON.stringify({ type: "commands", items: swapped.slice(0, 1) })));
    expect(relay.acknowledged).toBe(next - 1);
    expect(relay.results).toHaveLength(before);
    relay.sendSigned(a.text, b.text);
    for (const { command } of [a, b]) {
      expect(await relay.untilFinished(command.runId)).toMatchObject({ verdict: "succeeded" });
      expect(relay.timesFinished(command.runId)).toBe(1);
    }
  });

  it("that withholds acknowledgements gets the results again, in their order, and none is lost [W4]", async () => {
    relay.holdsResults = true;
    const runs = [await relay.send(echo("1")), await relay.send(echo("2"))];
    const sent = () => relay.frames.flatMap((frame) => (frame.type === "results" ? frame.items : []));
    const before = sent().length;
    await relay.changes.until(() => sent().length >= before + 2, "the results");
    relay.holdsResults = false;
    const { epoch } = relay;
    relay.cut();
    await relay.changes.until(() => relay.epoch > epoch, "the next connection");
    for (const runId of runs) expect(await relay.untilFinished(runId)).toMatchObject({ verdict: "succeeded" });
    expect(runs.map((runId) => relay.timesFinished(runId))).toEqual([1, 1]);
    expect(relay.results.map(({ seq }) => seq)).toEqual(relay.results.map((_, index) => index + 1));
  });

  it("that signs commands itself, or has another platform sign them, makes nothing run [W4]", async () => {
    const keys = [relay.relayKey.privateKey, (await newKey()).privateKey];
    for (const key of keys) {
      expect(await relay.run({ ...echo("evil"), key })).toMatchObject({
        verdict: "refused",
        code: "SIGNATURE_INVALID",
        startedAtMs: null,
      });
    }
    const { command } = await relay.platform.makeCommand(echo("evil"));
    const asResult = await signText(relay.platform.current.privateKey, "result", JSON.stringify(command));
    relay.sendSigned({ ...asResult, sealed: null });
    expect(await relay.untilFinished(command.runId)).toMatchObject({ verdict: "refused", code: "SIGNATURE_INVALID" });
  });

  it.each([
    ["an acknowledgement of results that were not sent", { type: "ack", stream: "results", through: 1_000_000 }],
    ["a second welcome", { type: "welcome", signed: "{}", signature: "A".repeat(86) }],
    ["a field twice", '{"type":"credit","stream":"output","bytes":1,"bytes":2}'],
    ["a bridge's own frame", { type: "ack", epoch: 1, stream: "commands", through: 1 }],
  ])("that injects %s is cut off, and nothing is lost by it [W4] [W1]", async (_, frame) => {
    await isCutOff(() => relay.sendRaw(typeof frame === "string" ? frame : JSON.stringify(frame)));
    expect(await relay.run(echo("x"))).toMatchObject({ verdict: "succeeded" });
  });

  it("that gives more credit than there is, or asks for output of runs that do not exist, changes nothing [W1] [W4]", async () => {
    const { epoch } = relay;
    for (let i = 0; i < 4; i++) {
      relay.sendRaw(JSON.stringify({ type: "credit", stream: "output", bytes: Number.MAX_SAFE_INTEGER }));
    }
    const runs = Array.from({ length: 1024 }, (_, n) => ({
      runId: `run_0000000000000000000000${String(n).padStart(4, "0")}`,
      fromOffset: Number.MAX_SAFE_INTEGER,
    }));
    relay.sendRaw(JSON.stringify({ type: "interest", telemetry: false, runs }));
    expect(await relay.run(echo("x"))).toMatchObject({ verdict: "succeeded" });
    expect(relay.epoch).toBe(epoch);
  });

  it("that replays a recorded handshake is not believed, and is told nothing after the hello [W3] [W4]", async () => {
    const frames = relay.frames.length;
    await isCutOff(() => {
      relay.replay = relay.handshakes[0];
      const closes = relay.closes.length;
      relay.cut();
      return relay.changes
        .until(() => relay.closes.slice(closes).includes(4400), "the refusal")
        .then(() => {
          // A reading may have gone out before the cut.
          const told = relay.frames.slice(frames).map(({ type }) => type);
          expect(told.slice(told.indexOf("hello"))).toEqual(["hello"]);
          relay.replay = undefined;
        });
    });
    expect(await relay.run(echo("x"))).toMatchObject({ verdict: "succeeded" });
  });

  /** A version that is not spoken: the bridge leaves and does not ask again soon (PROTOCOL 1.2); a new process does. */
  async function isLeft(misbehave: () => void): Promise<void> {
    const closes = relay.closes.length;
    misbehave();
    relay.cut();
    await relay.changes.until(() => relay.closes.slice(closes).includes(4406), "the refusal");
  }

  it.each([
    { major: 0, minor: 9 },
    { major: 1, minor: 9 },
  ])("that chooses the version %o, which was not offered, is not believed [W4] [F11]", async (protocol) => {
    bridge.log = "";
    await isLeft(() => (relay.welcomeChanges = { protocol }));
    expect(relay.closes).toContain(4406);
    relay.welcomeChanges = {};
    await relay.changes.until(() => bridge.log.includes("VERSION_UNSUPPORTED"), "the log");
  });

  it("that says it speaks only older versions gets no hello [W4] [F11]", async () => {
    const frames = relay.frames.length;
    const genuine = relay.spokenRange;
    await isLeft(() => (relay.spokenRange = { min: { major: 0, minor: 1 }, max: { major: 0, minor: 9 } }));
    expect(relay.frames.slice(frames)).toEqual([]);
    relay.spokenRange = genuine;
  });
});
