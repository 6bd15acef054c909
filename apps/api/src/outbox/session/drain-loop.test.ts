import fc from "fast-check";
import { expect, it } from "vitest";
import {
  advanceDrain,
  backoffMs,
  claimMs,
  idleMs,
  isClaimForced,
  newDrainLoop,
  type DrainEffect,
  type DrainEvent,
  type DrainLoop,
} from "./drain-loop.ts";

const claim = { name: "outbox", fence: 3 };

/** What the world answers to each thing that the drainer does. */
const answers = fc.record({
  hasClaim: fc.boolean(),
  pending: fc.nat(3),
  isRelayReachable: fc.boolean(),
  isRelayBack: fc.boolean(),
  isComplete: fc.boolean(),
  isClaimLost: fc.boolean(),
  throws: fc.boolean(),
  /** Something is told while this is done. */
  told: fc.constantFrom("nothing", "nothing", "nudged", "nudged twice"),
  tookMs: fc.nat(2 * claimMs),
});
type Answers = typeof answers extends fc.Arbitrary<infer T> ? T : never;

function answer(effect: DrainEffect, given: Answers, nowMs: number): DrainEvent {
  if (given.throws && effect.type !== "wait") return { type: "failed" };
  switch (effect.type) {
    case "claim":
      return { type: "claimed", claim: given.hasClaim ? claim : null, nowMs };
    case "list":
      return { type: "listed", pending: given.pending, isRelayReachable: given.isRelayReachable };
    case "probe":
      return { type: "probed", isRelayReachable: given.isRelayBack };
    case "send":
      return { type: "sent", isComplete: given.isComplete && !given.isClaimLost, isClaimLost: given.isClaimLost };
    case "wait":
      return { type: "due", nowMs };
    default:
      throw new Error(`nobody answers ${effect.type}`);
  }
}

/** Plays the drainer; `look` sees each effect, with the state that it comes from. */
function play(script: readonly Answers[], look: (effect: DrainEffect, loop: DrainLoop, nudges: number) => void): void {
  let nowMs = 1_000_000;
  let step = advanceDrain(newDrainLoop, { type: "due", nowMs });
  for (const given of script) {
    const { effect } = step;
    if (effect === null) throw new Error("it does nothing");
    let { loop } = step;
    let nudges = 0;
    for (const _ of given.told === "nothing" ? [] : given.told === "nudged" ? [1] : [1, 2]) {
      const told = advanceDrain(loop, { type: "nudged" });
      // What is under way goes on; only a wait ends.
      expect(told.effect).toEqual(loop.phase === "waiting" ? { type: "wake" } : null);
      ({ loop } = told);
      nudges++;
    }
    look(effect, loop, nudges);
    nowMs += given.tookMs;
    step = advanceDrain(loop, answer(effect, given, nowMs));
  }
}

const scripts = fc.array(answers, { maxLength: 60 });

it("sends only with the claim, and asks for it anew before it runs out", () => {
  expect.hasAssertions();
  fc.assert(
    fc.property(scripts, (script) => {
      play(script, (effect, loop) => {
        if (effect.type !== "send" && effect.type !== "list") return;
        expect(loop.claim?.held).toEqual(claim);
        if (effect.type === "send") expect(loop.pending).toBeGreaterThan(0);
      });
    }),
  );
  const held: DrainLoop = { ...newDrainLoop, claim: { held: claim, sinceMs: 1000 } };
  const next = (nowMs: number) => advanceDrain(held, { type: "due", nowMs }).effect?.type;
  expect([next(1000), next(1000 + claimMs / 3 - 1), next(1000 + claimMs / 3), next(-claimMs)]).toEqual([
    "list",
    "list",
    "claim",
    "claim",
  ]);
});

it("waits longer and longer while something fails, and never longer than the most", () => {
  expect.hasAssertions();
  fc.assert(
    fc.property(scripts, (script) => {
      play(script, (effect, { failures }) => {
        if (effect.type !== "wait") return;
        if (failures === 0) return expect([0, idleMs]).toContain(effect.ms);
        expect(effect.ms).toBe(Math.min(backoffMs.most, backoffMs.first * 2 ** (failures - 1)));
      });
    }),
  );
});

it("waits for 200 ms at first and 5 s at most while every pass fails", () => {
  const failing: Answers = {
    hasClaim: true,
    pending: 1,
    isRelayReachable: true,
    isRelayBack: true,
    isComplete: true,
    isClaimLost: false,
    throws: true,
    told: "nothing",
    tookMs: 0,
  };
  const waits: number[] = [];
  play(Array<Answers>(16).fill(failing), (effect) => {
    if (effect.type === "wait") waits.push(effect.ms);
  });
  expect(waits).toEqual([200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
});

it("begins the next pass at once for what was written during one, unless that one failed", () => {
  expect.hasAssertions();
  fc.assert(
    fc.property(scripts, (script) => {
      let isNudged = false;
      play(script, (effect, { failures }, nudges) => {
        if (effect.type === "wait") {
          if (failures === 0) expect(effect.ms).toBe(isNudged ? 0 : idleMs);
          isNudged = false;
        } else if (nudges > 0) isNudged = true;
      });
    }),
  );
});

it("asks whether the relay is there instead of sending while it was not, and when there is nothing to send", () => {
  const listed = (pending: number, isRelayReachable: boolean) =>
    advanceDrain(
      { ...newDrainLoop, phase: "listing", claim: { held: claim, sinceMs: 0 } },
      { type: "listed", pending, isRelayReachable },
    );
  expect(listed(0, true).effect).toEqual({ type: "probe" });
  expect(listed(2, true).effect).toEqual({ type: "send", claim });
  const asked = listed(2, false);
  expect(asked.effect).toEqual({ type: "probe" });
  expect(advanceDrain(asked.loop, { type: "probed", isRelayReachable: true }).effect).toEqual({ type: "send", claim });
  expect(advanceDrain(asked.loop, { type: "probed", isRelayReachable: false })).toMatchObject({
    loop: { failures: 1 },
    effect: { type: "wait", ms: backoffMs.first },
  });
});

it("drops a claim that another process has, and takes one by force only where there is no other", () => {
  const sending: DrainLoop = { ...newDrainLoop, phase: "sending", claim: { held: claim, sinceMs: 0 }, pending: 1 };
  const { loop } = advanceDrain(sending, { type: "sent", isComplete: false, isClaimLost: true });
  expect(loop).toMatchObject({ claim: null, failures: 1 });
  expect([isClaimForced(loop, true), isClaimForced(loop, false), isClaimForced(sending, true)]).toEqual([
    true,
    false,
    false,
  ]);
});

it("ends after the pass that is under way, or at once when it waits", () => {
  const waiting = advanceDrain(newDrainLoop, { type: "stop" });
  expect(waiting.effect).toEqual({ type: "wake" });
  expect(advanceDrain(waiting.loop, { type: "due", nowMs: 1 }).effect).toEqual({ type: "end" });
  const probing = advanceDrain({ ...newDrainLoop, phase: "probing" }, { type: "stop" });
  expect(probing.effect).toBeNull();
  const passed = advanceDrain(probing.loop, { type: "probed", isRelayReachable: false });
  expect(passed.effect).toEqual({ type: "wait", ms: 0 });
  expect(advanceDrain(passed.loop, { type: "due", nowMs: 1 }).effect).toEqual({ type: "end" });
});
