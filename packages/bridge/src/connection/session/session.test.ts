import { accept, refuse } from "@quarterdeck/core/errors/result";
import type { RelayToBridge } from "@quarterdeck/core/protocol/relay-to-bridge";
import { bytesInFlight, takeFitting } from "@quarterdeck/core/protocol/in-flight";
import { limits } from "@quarterdeck/core/protocol/limits";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { advanceSession, startSession } from "./session.ts";
import { newSession, type Session, type Step } from "./session-state.ts";
import type { SessionEffect, SessionEvent } from "./session-events.ts";

const text = { signed: "{}", signature: "s".repeat(86) };
const frame = (value: object, nowMs = 0): SessionEvent => ({
  type: "frame",
  frame: accept(value as RelayToBridge),
  text: JSON.stringify(value),
  nowMs,
});
const challenge = frame({ type: "challenge" });
const welcomeFrame = frame({ type: "welcome", ...text });
const helloReady: SessionEvent = { type: "helloReady", hello: accept({ text, relayKey: "k" }) };

function welcomeChecked(changes: { results?: number; credit?: number; epoch?: number } = {}): SessionEvent {
  const { results = 0, credit = 256, epoch = 1 } = changes;
  return {
    type: "welcomeChecked",
    welcome: accept({
      helloHash: "h",
      protocol: { major: 1, minor: 0 },
      epoch,
      received: { results },
      credit: { outputBytes: 1000, results: credit },
      heartbeatMs: 25_000,
      spreadMs: 2000,
      relayTimeMs: 0,
    }),
  };
}

function play(session: Session, events: readonly SessionEvent[]): Step {
  let at: Step = { session, effects: [] };
  for (const event of events) {
    const next = advanceSession(at.session, event);
    at = { session: next.session, effects: [...at.effects, ...next.effects] };
  }
  return at;
}

const toOnline: SessionEvent[] = [{ type: "opened" }, challenge, helloReady, welcomeFrame];
const online = (counters = { takenCommands: 0, lastResult: 0 }, welcome = welcomeChecked()) =>
  play(startSession(newSession(counters)).session, [...toOnline, welcome]).session;
const types = (effects: readonly SessionEffect[]) => effects.map(({ type }) => type);
const commands = (...seqs: number[]) => frame({ type: "commands", items: seqs.map((seq) => ({ seq, ...text })) });

describe("the handshake", () => {
  it("goes challenge, hello, welcome", () => {
    const { session, effects } = play(startSession(newSession({ takenCommands: 0, lastResult: 0 })).session, [
      ...toOnline,
      welcomeChecked(),
    ]);
    expect(session.phase).toMatchObject({ name: "online", epoch: 1, protocol: { major: 1, minor: 0 } });
    expect(types(effects)).toEqual([
      "setTimer",
      "checkChallenge",
      "sendHello",
      "setTimer",
      "checkWelcome",
      "clearTimer",
      "online",
      "resultsStored",
      "setTimer",
    ]);
  });

  it.each([
    ["commands", commands(1)],
    ["a welcome", welcomeFrame],
    ["an acknowledgement", frame({ type: "ack", stream: "results", through: 0 })],
    ["interest", frame({ type: "interest", telemetry: true, runs: [] })],
  ])("closes on %s out of turn [W4]", (_, event) => {
    for (const events of [toOnline.slice(0, 1), toOnline.slice(0, 2)]) {
      const { effects } = play(startSession(newSession({ takenCommands: 0, lastResult: 0 })).session, [
        ...events,
        event,
      ]);
      expect(effects.at(-1)).toMatchObject({ type: "close", code: 4400 });
    }
  });

  it("keeps what comes right behind the welcome until the welcome is checked", () => {
    const { effects } = play(startSession(newSession({ takenCommands: 0, lastResult: 0 })).session, [
      ...toOnline,
      commands(1, 2),
      welcomeChecked(),
    ]);
    expect(types(effects).indexOf("journal")).toBeGreaterThan(types(effects).indexOf("online"));
  });

  it.each(["opened", "challenge", "hello"])("gives up when it hangs after %s [F6]", (step) => {
    const events = toOnline.slice(0, ["opened", "challenge", "hello"].indexOf(step) + 1);
    const { effects } = play(startSession(newSession({ takenCommands: 0, lastResult: 0 })).session, [
      ...events,
      { type: "timer", name: "step", nowMs: 0 },
    ]);
    expect(effects.at(-1)).toMatchObject({ type: "close", code: 4408 });
  });
});

describe("commands", () => {
  it("that are known are acknowledged again and not journaled again [W3]", () => {
    const { effects } = play(online({ takenCommands: 5, lastResult: 0 }), [commands(4, 5)]);
    expect(effects).toEqual([{ type: "journal", items: [] }]);
  });

  it("after a hole close the connection, and nothing from there on is journaled or acknowledged [W1]", () => {
    expect(play(online(), [commands(2)]).effects).toMatchObject([{ type: "close", code: 4400 }]);
    const { session, effects } = play(online(), [commands(1, 3)]);
    expect(effects).toMatchObject([{ type: "close", code: 4400 }]);
    expect(session.takenCommands).toBe(0);
  });

  it("beyond the window, in number or in bytes, close the connection [W1]", () => {
    const many = Array.from({ length: limits.commandsInFlight }, (_, index) => index + 1);
    const full = play(online(), [commands(...many)]);
    expect(types(full.effects)).toEqual(["journal"]);
    expect(play(full.session, [commands(many.length + 1)]).effects).toMatchObject([{ type: "close", code: 4400 }]);
    const journaled = play(full.session, [{ type: "journaled", through: 1 }]).session;
    expect(types(play(journaled, [commands(many.length + 1)]).effects)).toEqual(["journal"]);
    const large = { signed: "x".repeat(limits.commandBytes), signature: text.signature };
    const fits = (limits.commandsInFlightBytes + limits.frameBytes) / limits.commandBytes;
    const items = (count: number) =>
      frame({ type: "commands", items: Array.from({ length: count }, (_, index) => ({ seq: index + 1, ...large })) });
    expect(types(play(online(), [items(fits)]).effects)).toEqual(["journal"]);
    expect(play(online(), [items(fits + 1)]).effects).toMatchObject([{ type: "close", code: 4400 }]);
    const sealed = { signed: "{}", signature: text.signature, sealed: large.signed };
    const overrun = Array.from({ length: fits + 1 }, (_, index) => ({ seq: index + 1, ...sealed }));
    expect(play(online(), [frame({ type: "commands", items: overrun })]).effects).toMatchObject([
      { type: "close", code: 4400 },
    ]);
  });

  it("that were not durable when the next hello is made are taken when they come again [F2]", () => {
    const cut: SessionEvent = { type: "closed", code: 1006, reason: "", nowMs: 0, random: 0 };
    const { session } = play(online(), [commands(1, 2), { type: "journaled", through: 1 }, cut]);
    const back = play(startSession(session).session, [...toOnline, welcomeChecked({ epoch: 2 })]);
    expect(play(back.session, [commands(2)]).effects).toMatchObject([{ type: "journal", items: [{ seq: 2 }] }]);
  });

  it("are handed to the journal once each and in order, however often they are sent", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(8), fc.integer({ min: 1, max: 6 })), { maxLength: 40 }), (batches) => {
        let session = online();
        const journaled: number[] = [];
        for (const [back, count] of batches) {
          const from = Math.max(1, session.takenCommands + 1 - back);
          const next = play(session, [commands(...Array.from({ length: count }, (_, i) => from + i))]);
          session = next.session;
          for (const effect of next.effects)
            if (effect.type === "journal") journaled.push(...effect.items.map(({ seq }) => seq));
        }
        expect(journaled).toEqual(Array.from({ length: journaled.length }, (_, i) => i + 1));
      }),
    );
  });
});

describe("results", () => {
  it("are sent again from what the relay has", () => {
    const { effects } = play(startSession(newSession({ takenCommands: 0, lastResult: 9 })).session, [
      ...toOnline,
      welcomeChecked({ results: 6 }),
    ]);
    expect(effects).toContainEqual(expect.objectContaining({ type: "sendResults", epoch: 1, after: 6, count: 3 }));
  });

  it("are never more on the way than the relay's credit, and each is sent once a connection", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.boolean(), { maxLength: 60 }), (credit, moves) => {
        let session = online({ takenCommands: 0, lastResult: 0 }, welcomeChecked({ credit }));
        let sent = 0;
        let added = 0;
        for (const isNew of moves) {
          const event: SessionEvent = isNew
            ? { type: "resultsAdded", through: ++added }
            : frame({ type: "ack", stream: "results", through: sent });
          const next = play(session, [event]);
          session = next.session;
          for (const effect of next.effects) {
            if (effect.type !== "sendResults") continue;
            expect(effect.after).toBe(sent);
            sent += effect.count;
          }
          expect(session.sentResults - session.storedResults).toBeLessThanOrEqual(credit);
        }
      }),
    );
  });

  it("are never more bytes on the way than the window and one result, and all of them arrive", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(60), { maxLength: 40 }), (bytes, acknowledgements) => {
        const journal = bytes.map((size, index) => ({ seq: index + 1, size }));
        let session = online();
        const arrived: number[] = [];
        const handle = (event: SessionEvent) => {
          const next = advanceSession(session, event);
          session = next.session;
          for (const effect of next.effects) {
            if (effect.type !== "sendResults") continue;
            const wanted = journal.slice(effect.after, effect.after + effect.count);
            const taken = takeFitting(wanted, effect.bytes, ({ size }) => size);
            arrived.push(...taken.map(({ seq }) => seq));
            handle({ type: "resultsSent", flights: taken.map(({ seq, size }) => ({ through: seq, bytes: size })) });
          }
          expect(bytesInFlight(session.resultFlights)).toBeLessThan(limits.resultsInFlightBytes + 200_000);
        };
        handle({ type: "resultsAdded", through: journal.length });
        for (const through of [...acknowledgements, ...journal.keys()]) {
          handle(frame({ type: "ack", stream: "results", through: Math.min(through + 1, session.sentResults) }));
        }
        expect(arrived).toEqual(journal.map(({ seq }) => seq));
      }),
    );
  });

  it("acknowledged past what was sent close the connection [W1]", () => {
    expect(play(online(), [frame({ type: "ack", stream: "results", through: 1 })]).effects).toMatchObject([
      { type: "close", code: 4400 },
    ]);
  });
});

describe("a silent relay", () => {
  const heartbeatMs = 25_000;
  const beat = (nowMs: number): SessionEvent => ({ type: "timer", name: "heartbeat", nowMs });

  it("is given up after two heartbeats in which nothing came, before it gives up the bridge [F6]", () => {
    const { effects } = play(online(), [beat(heartbeatMs), beat(2 * heartbeatMs)]);
    expect(types(effects)).toEqual(["ping", "setTimer", "close"]);
    expect(effects.at(-1)).toMatchObject({ code: 4408 });
    expect(2 * heartbeatMs).toBeLessThan(limits.silenceMs);
  });

  it("is heard in any frame, not only in its answers to heartbeats", () => {
    const heard: SessionEvent[] = [
      { type: "pong", nowMs: 30_000 },
      frame({ type: "interest", telemetry: true, runs: [] }, 30_000),
    ];
    for (const event of heard) {
      const { effects } = play(online(), [beat(heartbeatMs), event, beat(2 * heartbeatMs), beat(3 * heartbeatMs)]);
      expect(types(effects)).not.toContain("close");
    }
  });

  it("is given up exactly then, also when it fell silent between two heartbeats", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400_000 }), { maxLength: 20 }), (times) => {
        const comesAtMs = times.toSorted((a, b) => a - b);
        let session = online();
        let beatAtMs = heartbeatMs;
        let heardAtMs = 0;
        // Like the shell: frames and the one timer, in the order of their times, until it closes.
        for (let hasClosed = false; !hasClosed; ) {
          const comesNextMs = comesAtMs[0] ?? Infinity;
          const isHeard = comesNextMs < beatAtMs;
          if (isHeard) heardAtMs = comesAtMs.shift() ?? 0;
          const next = advanceSession(session, isHeard ? { type: "pong", nowMs: heardAtMs } : beat(beatAtMs));
          session = next.session;
          hasClosed = types(next.effects).includes("close");
          for (const effect of next.effects) if (effect.type === "setTimer") beatAtMs += effect.delayMs;
        }
        expect(beatAtMs).toBe(heardAtMs + 2 * heartbeatMs);
      }),
    );
  });
});

describe("any order of events", () => {
  const quarterHourMs = 900_000;
  const retryAfterMs = fc.option(fc.oneof(fc.nat(10_000), fc.nat(2 ** 33)));
  const refusal = retryAfterMs.map((after) =>
    frame({ type: "refuse", code: "RATE_LIMITED", message: "", retryAfterMs: after }),
  );
  const code = fc.oneof(
    fc.constantFrom(1001, 1006, 4009, 4401, 4403, 4406, 4429),
    fc.integer({ min: 1000, max: 4999 }),
  );
  const closed = fc.record({
    type: fc.constant("closed" as const),
    code,
    reason: fc.constant(""),
    nowMs: fc.nat(),
    random: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  const distrusted: SessionEvent[] = (["VERSION_UNSUPPORTED", "SIGNATURE_INVALID"] as const).flatMap((why) => [
    { type: "helloReady", hello: refuse(why, "no") },
    { type: "welcomeChecked", welcome: refuse(why, "no") },
  ]);
  const others: SessionEvent[] = [
    ...toOnline,
    ...distrusted,
    commands(1),
    frame({ type: "error", code: "INTERNAL", message: "" }),
    frame({ type: "drain", spreadMs: 600_000 }),
    { type: "resultsAdded", through: 4 },
    { type: "timer", name: "step", nowMs: 0 },
    { type: "timer", name: "heartbeat", nowMs: 0 },
    { type: "timer", name: "reconnect", nowMs: 0 },
    { type: "pong", nowMs: 0 },
    { type: "journaled", through: 1 },
  ];
  const begin = () => startSession(newSession({ takenCommands: 0, lastResult: 3 })).session;

  it("never makes it send before the relay has proved itself, nor stops it, nor sends it away for long [W4]", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...others), closed, refusal), { maxLength: 50 }), (order) => {
        const { session, effects } = play(begin(), order);
        for (const type of ["journal", "sendResults", "acknowledgeCommands", "ping", "online", "stopped"])
          expect(types(effects)).not.toContain(type);
        for (const effect of effects) {
          if (effect.type === "offline") expect(effect.retryInMs).not.toBeNull();
          if (effect.type !== "setTimer") continue;
          expect(effect.delayMs).toBeGreaterThanOrEqual(0);
          expect(effect.delayMs).toBeLessThanOrEqual(quarterHourMs);
        }
        expect(session.isDraining).toBe(false);
      }),
    );
  });

  it("keeps it away about as long again as impostors already did, and a quarter of an hour at most [W4]", () => {
    const connections = fc.array(fc.tuple(fc.array(refusal, { maxLength: 3 }), closed), { maxLength: 20 });
    fc.assert(
      fc.property(connections, (impostors) => {
        let session = begin();
        let awayMs = 0;
        for (const [words, end] of impostors) {
          const next = play(session, [{ type: "opened" }, ...words, end]);
          const timer = next.effects.findLast((effect) => effect.type === "setTimer");
          expect(timer).toMatchObject({ name: "reconnect" });
          expect(timer?.delayMs).toBeLessThanOrEqual(Math.min(quarterHourMs, awayMs + 60_000));
          awayMs += timer?.delayMs ?? 0;
          session = startSession(next.session).session;
        }
        const welcomed = play(session, [...toOnline, welcomeChecked()]).session;
        expect(welcomed).toMatchObject({ phase: { name: "online" }, refusedForMs: 0 });
      }),
    );
  });

  it("does not let a stranger fill the log", () => {
    const word = frame({ type: "error", code: "INTERNAL", message: "x".repeat(2000) });
    const { effects } = play(begin(), [{ type: "opened" }, ...Array.from({ length: 6 }, () => word)]);
    expect(types(effects)).toEqual(["setTimer", "log", "log", "log", "log", "close", "close"]);
  });

  it("stops it only when a relay says so that has proved itself on this very connection [W4]", () => {
    const replaced = { type: "closed", code: 4009, reason: "", nowMs: 0, random: 0.5 } as const;
    expect(types(play(online(), [replaced]).effects)).toContain("stopped");
    const next = play(online(), [
      { ...replaced, code: 1006 },
      { type: "timer", name: "reconnect", nowMs: 0 },
      ...toOnline,
    ]);
    const later = play(next.session, [replaced]);
    expect(types(later.effects)).not.toContain("stopped");
    expect(later.effects.at(-1)).toMatchObject({ type: "setTimer", name: "reconnect" });
  });
});

describe("a drain", () => {
  const drain = frame({ type: "drain", spreadMs: 30_000 });
  const closed = { type: "closed", code: 1001, reason: "", nowMs: 1, random: 0.5 } as const;
  const leave = { type: "close", code: 1001 };

  it("leaves at once when nothing is being written, and comes back within the spread", () => {
    const { session, effects } = advanceSession({ ...online(), failures: 3 }, drain);
    expect(effects).toContainEqual(expect.objectContaining(leave));
    expect(play(session, [closed]).effects).toContainEqual({ type: "setTimer", name: "reconnect", delayMs: 15_000 });
  });

  it("finishes what is being written first: commands in the journal, results at the relay", () => {
    const writing = play(online({ takenCommands: 0, lastResult: 0 }), [
      commands(1, 2),
      { type: "resultsAdded", through: 1 },
      drain,
    ]);
    expect(types(writing.effects)).not.toContain("close");
    const journaled = play(writing.session, [{ type: "journaled", through: 2 }]);
    expect(types(journaled.effects)).toEqual(["acknowledgeCommands"]);
    const stored = play(journaled.session, [frame({ type: "ack", stream: "results", through: 1 })]);
    expect(stored.effects.at(-1)).toMatchObject(leave);
  });

  it("waits no longer than the spread", () => {
    const { session } = play(online(), [commands(1), drain]);
    expect(advanceSession(session, { type: "timer", name: "step", nowMs: 1 }).effects).toMatchObject([leave]);
  });

  it("[W4] counts from a relay that has proved itself only", () => {
    const { session } = startSession(newSession({ takenCommands: 0, lastResult: 0 }));
    expect(play(session, [{ type: "opened" }, challenge, drain]).effects).toContainEqual(
      expect.objectContaining({ type: "close", code: 4400 }),
    );
  });
});
