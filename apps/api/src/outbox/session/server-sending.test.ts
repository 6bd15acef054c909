import type { OutboxEntry } from "@quarterdeck/core/protocol/relay-api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchLimits, cutBatch } from "./cut-batch.ts";
import { advanceSending, startSending, type SendingEvent, type SendingNote } from "./server-sending.ts";

function entry(position: number, characters = 10): OutboxEntry {
  return { kind: "command", position, signed: "x".repeat(characters), signature: "s", sealed: null };
}

/** A server's outbox and its relay object, as they promise to be, and what may go wrong on the way. */
interface World {
  /** Entries that are kept: from `first` to `head`. */
  readonly first: number;
  readonly head: number;
  /** What the API believes that the relay has. */
  through: number;
  /** What the relay has. */
  stored: number;
}

type Fault = "none" | "relayFails" | "answerLost" | "relayForgets" | "refuses" | "claimLost" | "stop";

/** Sends until it ends, with a fault for each thing that is done. */
function play(world: World, faults: readonly Fault[]) {
  const notes: SendingNote[] = [];
  const sent: number[][] = [];
  let { sending, effect } = startSending(world.through);
  for (let step = 0; effect.type !== "end"; step++) {
    if (step > 1000) throw new Error("it does not end");
    const fault = faults[step] ?? "none";
    let event: SendingEvent;
    if (fault === "stop") event = { type: "stop" };
    else if (effect.type === "read") {
      const from = Math.max(effect.after + 1, world.first);
      const count = Math.min(batchLimits.entries, world.head - from + 1);
      event = { type: "read", entries: Array.from({ length: Math.max(0, count) }, (_, index) => entry(from + index)) };
    } else if (effect.type === "send") {
      const positions = effect.entries.map(({ position }) => position);
      sent.push(positions);
      expect(positions).toEqual(positions.map((_, index) => positions[0]! + index));
      if (fault === "relayForgets") world.stored = 0;
      if (fault !== "relayFails" && fault !== "refuses")
        for (const position of positions) if (position === world.stored + 1) world.stored = position;
      event =
        fault === "relayFails" || fault === "answerLost"
          ? { type: "relayFailed" }
          : { type: "stored", through: world.stored };
    } else {
      // Never more than the relay has said.
      expect(effect.through).toBeLessThanOrEqual(world.stored);
      const isOurs = fault !== "claimLost";
      if (isOurs) world.through = effect.through;
      event = { type: "recorded", isOurs };
    }
    const next = advanceSending(sending, event);
    if (next.note) notes.push(next.note);
    ({ sending, effect } = next);
  }
  return { outcome: effect.outcome, notes, sent };
}

const worlds = fc
  .record({ head: fc.nat(250), first: fc.nat(250), through: fc.nat(250), stored: fc.nat(250) })
  .map(({ head, first, through, stored }): World => {
    const believed = Math.min(through, head);
    // Only what the relay was believed to have may be deleted.
    return { head, first: 1 + Math.min(first, believed), through: believed, stored: Math.min(stored, head) };
  });
const faults = fc.array(
  fc.constantFrom<Fault>("none", "none", "none", "relayFails", "answerLost", "relayForgets", "refuses", "claimLost"),
  { maxLength: 12 },
);

describe("sending the outbox of a server", () => {
  it("ends with everything at the relay once nothing fails, or says that what is missing is not kept any more", () => {
    expect.hasAssertions();
    fc.assert(
      fc.property(worlds, faults, (world, wrong) => {
        play(world, wrong);
        const { outcome, notes } = play(world, []);
        const isLost = notes.includes("lost");
        expect(isLost).toBe(outcome !== "complete");
        if (isLost) expect(world.stored + 1).toBeLessThan(world.first);
        else if (world.stored < world.head) {
          // The relay forgot something that nobody has asked for since: nothing was left to be sent.
          expect(world.through).toBe(world.head);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("sends what is missing, once and in order, when nothing goes wrong", () => {
    expect.hasAssertions();
    fc.assert(
      fc.property(fc.nat(250), fc.nat(250), (head, done) => {
        const through = Math.min(head, done);
        const { outcome, sent, notes } = play({ first: 1, head, through, stored: through }, []);
        expect({ outcome, notes }).toEqual({ outcome: "complete", notes: [] });
        expect(sent.flat()).toEqual(Array.from({ length: head - through }, (_, index) => through + 1 + index));
      }),
    );
  });

  it("goes back to where a relay begins again that lost its storage", () => {
    const { outcome, notes, sent } = play({ first: 1, head: 6, through: 5, stored: 0 }, []);
    expect({ outcome, notes, sent }).toEqual({
      outcome: "complete",
      notes: ["behind"],
      sent: [[6], [1, 2, 3, 4, 5, 6]],
    });
  });

  it("gives up on a relay that lost what is not kept any more, each time, and sends it nothing out of order", () => {
    const world = { first: 4, head: 6, through: 5, stored: 1 };
    expect(play(world, [])).toMatchObject({ outcome: "unfinished", notes: ["behind", "lost"] });
    expect(play(world, [])).toEqual({ outcome: "unfinished", notes: ["lost"], sent: [] });
  });

  it("does not insist when the relay stores nothing, or another process has the claim", () => {
    const world = { first: 1, head: 3, through: 1, stored: 1 };
    expect(play({ ...world }, ["none", "refuses"])).toMatchObject({ outcome: "unfinished", notes: ["refused"] });
    expect(play({ ...world }, ["none", "none", "claimLost"])).toMatchObject({ outcome: "claimLost", sent: [[2, 3]] });
    expect(play({ ...world }, ["none", "stop"])).toMatchObject({ outcome: "complete" });
  });
});

describe("a batch", () => {
  it("is the longest beginning of the entries that one request carries, and at least one", () => {
    expect.hasAssertions();
    const sizes = fc.array(fc.oneof(fc.nat(2000), fc.integer({ min: 100_000, max: 700_000 })), { maxLength: 12 });
    fc.assert(
      fc.property(sizes, (characters) => {
        const entries = characters.map((size, index) => entry(index + 1, size));
        const batch = cutBatch(entries);
        expect(batch).toEqual(entries.slice(0, batch.length));
        const total = (count: number) =>
          entries.slice(0, count).reduce((sum, one) => sum + 200 + ("signed" in one ? one.signed.length : 0), 0);
        if (entries.length > 0) expect(batch.length).toBeGreaterThan(0);
        if (batch.length > 1) expect(total(batch.length)).toBeLessThanOrEqual(batchLimits.characters);
        if (batch.length < entries.length) expect(total(batch.length + 1)).toBeGreaterThan(batchLimits.characters);
      }),
      { numRuns: 50 },
    );
  });

  it("has no more entries than one request may", () => {
    const entries = Array.from({ length: 150 }, (_, index) => entry(index + 1));
    expect(cutBatch(entries)).toHaveLength(batchLimits.entries);
  });
});
