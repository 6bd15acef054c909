import { fromBase64, toBase64 } from "@quarterdeck/core/base64";
import { makeId, type RunId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { RelayToViewer } from "@quarterdeck/core/protocol/relay-to-viewer";
import { encodeWorkspaces } from "@quarterdeck/core/protocol/workspace-readings";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { ViewerEffect } from "./viewer-events.ts";
import { ViewerSession } from "./viewer-session.ts";

function runId(number: number): RunId {
  return makeId("run", 1_000_000 + number, new Uint8Array(16).fill(number));
}

/** A session with a clock that the test moves, and a record of what it asked its shell for. */
function makeSession() {
  const time = { ms: 1_000_000 };
  const clock = { nowMs: () => time.ms, monotonicMs: () => time.ms };
  const session = new ViewerSession({ clock, random: () => 0.5 });
  const effects: ViewerEffect[] = [];
  type Event = Parameters<ViewerSession["handle"]>[0];
  /** A shell to which nothing is sealed: what is to be opened is what is in there. */
  const advance = (event: Event): ViewerEffect[] =>
    session.handle(event).flatMap((effect) => {
      if (effect.type === "skip") return advance(effect);
      if (effect.type !== "open") return [effect];
      const { runId: of, piece } = effect;
      return advance({ type: "piece", runId: of, piece: { ...piece, bytes: fromBase64(piece.data) } });
    });
  const handle = (event: Event) => {
    const caused = advance(event);
    effects.push(...caused);
    return caused;
  };
  const frame = (message: RelayToViewer) => handle({ type: "frame", text: JSON.stringify(message) });
  const passMs = (ms: number) => {
    time.ms += ms;
    return handle({ type: "tick" });
  };
  const giveTicket = (wish: ViewerEffect[]) => {
    const asked = wish.find((effect) => effect.type === "fetchTicket");
    if (asked === undefined) throw new Error("no ticket was asked for");
    const { telemetry, workspaceIds, runIds } = asked;
    const connectionExpiresAtMs = time.ms + limits.viewerConnectionMs;
    return handle({
      type: "ticket",
      ticket: { path: "/viewer/srv", ticket: "t", connectionExpiresAtMs, telemetry, workspaceIds, runIds },
    });
  };
  return { session, effects, handle, frame, passMs, giveTicket };
}

const sent = (effects: readonly ViewerEffect[]) =>
  effects.filter((effect) => effect.type === "send").map(({ frame }) => frame);

function open(run: RunId) {
  const test = makeSession();
  test.giveTicket(test.handle({ type: "wantOutput", runId: run, fromOffset: 0 }));
  const opened = test.handle({ type: "opened" });
  return { ...test, opened };
}

it("asks for a ticket, connects, and watches what is wanted", () => {
  const run = runId(1);
  const { effects, opened } = open(run);
  expect(effects.map((effect) => effect.type)).toContain("connect");
  expect(sent(opened)).toEqual([{ type: "watchOutput", runId: run, fromOffset: 0 }]);
});

it("tells whoever watches that there is nothing to watch any more, and asks no more", () => {
  const test = makeSession();
  test.handle({ type: "wantOutput", runId: runId(1), fromOffset: 0 });
  const refused = test.handle({ type: "ticketRefused", reason: "box was removed" });
  expect(refused).toContainEqual({ type: "unreadable", runId: runId(1), reason: "box was removed" });
  expect(refused).toContainEqual({ type: "phase", phase: "idle" });
  for (let i = 0; i < 10; i++) expect(test.passMs(60_000)).toEqual([]);
});

it("authorizes a further run over the open connection", () => {
  const test = open(runId(1));
  const wish = test.handle({ type: "wantOutput", runId: runId(2), fromOffset: 0 });
  expect(wish).toEqual([{ type: "fetchTicket", telemetry: false, workspaceIds: [], runIds: [runId(2)] }]);
  expect(sent(test.giveTicket(wish))).toEqual([
    { type: "authorize", ticket: "t" },
    { type: "watchOutput", runId: runId(2), fromOffset: 0 },
  ]);
});

it("answers a mark, once what came before it was read, alone or in a batch", () => {
  const test = open(runId(1));
  const mark = (number: number) => ({ type: "checkpoint", number }) as const;
  expect(sent(test.frame(mark(1)))).toEqual([{ type: "reached", number: 1 }]);
  const output = { type: "output", runId: runId(1), offset: 0, data: "aGVsbG8=", isEnd: true } as const;
  const effects = test.frame({ type: "batch", frames: [output, mark(2)] });
  expect(effects.map(({ type }) => type)).toEqual(["output", "send", "send"]);
  expect(sent(effects).at(-1)).toEqual({ type: "reached", number: 2 });
});

it("yields exactly the run's bytes under loss, repetition, reordering and lost connections, and nothing of other runs", () => {
  const run = runId(1);
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.array(fc.nat(), { minLength: 200, maxLength: 200 }),
      (output, chances) => {
        const test = open(run);
        const received: number[] = [];
        let hasEnded = false;
        let from = 0;
        const follow = (effects: readonly ViewerEffect[]) => {
          for (const effect of effects) {
            if (effect.type === "send" && effect.frame.type === "watchOutput") from = effect.frame.fromOffset;
            if (effect.type !== "output") continue;
            expect(effect.runId).toBe(run);
            received.push(...effect.bytes);
            hasEnded ||= effect.isEnd;
          }
        };
        const send = (offset: number, length: number, of = run) => {
          const end = Math.min(output.length, offset + length);
          const data = toBase64(output.subarray(offset, end));
          follow(test.frame({ type: "output", runId: of, offset, data, isEnd: end === output.length }));
        };
        for (const chance of chances) {
          const length = (chance >> 4) % 50;
          const somewhere = (chance >> 8) % (output.length + 1);
          switch (chance % 8) {
            case 0: // Lost on the way.
              from = Math.min(output.length, from + length);
              break;
            case 1: // A piece from anywhere: late, early or known.
              send(somewhere, length);
              break;
            case 2: // Of a run that nobody asked for.
              send(from, length, runId(2));
              break;
            case 3: // The connection is lost and comes back.
              test.handle({ type: "closed" });
              test.giveTicket(test.passMs(60_000));
              follow(test.handle({ type: "opened" }));
              break;
            default:
              send(from, length);
              from = Math.min(output.length, from + length);
          }
        }
        while (!hasEnded) {
          follow(test.passMs(5000));
          const before = from;
          send(from, 50);
          if (from === before) from = Math.min(output.length, from + 50);
          if (from === output.length && !hasEnded) send(output.length, 0);
        }
        expect(received).toEqual([...output]);
      },
    ),
    { numRuns: 300 },
  );
});

it("takes several frames in one message, in their order", () => {
  const test = open(runId(1));
  const piece = (offset: number, text: string, isEnd = false) => {
    const data = toBase64(new TextEncoder().encode(text));
    return { type: "output", runId: runId(1), offset, data, isEnd } as const;
  };
  const server = { type: "server", isOnline: true, sinceMs: 0 } as const;
  const caused = test.frame({ type: "batch", frames: [server, piece(0, "one"), piece(3, "two", true)] });
  expect(caused.filter((effect) => effect.type !== "send").map((effect) => effect.type)).toEqual([
    "server",
    "output",
    "output",
  ]);
});

it("asks once for a gap that many pieces point at", () => {
  const test = open(runId(1));
  const data = toBase64(new Uint8Array(10));
  const late = (offset: number) => test.frame({ type: "output", runId: runId(1), offset, data, isEnd: false });
  test.frame({ type: "output", runId: runId(1), offset: 0, data, isEnd: false });
  expect(sent([...late(20), ...late(30), ...late(40)])).toEqual([
    { type: "watchOutput", runId: runId(1), fromOffset: 10 },
  ]);
});

it("leaves a gap out only behind the pieces that came before it and are still being opened", () => {
  const { session, frame } = open(runId(1));
  const data = toBase64(new Uint8Array(10));
  const bytes = fromBase64(data);
  // What the shell opens late is handed in late: not through `frame`, which opens at once.
  const late = (message: RelayToViewer) => session.handle({ type: "frame", text: JSON.stringify(message) });
  expect(late({ type: "output", runId: runId(1), offset: 0, data, isEnd: false })).toMatchObject([{ type: "open" }]);
  const gap = { runId: runId(1), fromOffset: 10, toOffset: 20 };
  const message = { type: "gap", stream: "output", reason: "it was cut", ...gap } as const;
  expect(late(message)).toEqual([{ type: "skip", ...gap }]);
  const piece = session.handle({ type: "piece", runId: runId(1), piece: { offset: 0, bytes, isEnd: false } });
  expect(piece).toEqual([{ type: "output", runId: runId(1), bytes, isEnd: false }]);
  expect(session.handle({ type: "skip", ...gap })).toEqual([{ type: "gap", ...gap }]);
  const behind = frame({ type: "output", runId: runId(1), offset: 20, data, isEnd: false });
  expect(behind).toEqual([{ type: "output", runId: runId(1), bytes, isEnd: false }]);
  expect(late({ ...message, runId: runId(2) })).toEqual([]);
});

it("asks the next connection for what is missing when a piece of the lost one is opened late", () => {
  const test = open(runId(1));
  test.handle({ type: "closed" });
  const piece = { offset: 50, bytes: new Uint8Array(10), isEnd: false };
  expect(test.handle({ type: "piece", runId: runId(1), piece })).toEqual([]);
  test.giveTicket(test.passMs(60_000));
  expect(sent(test.handle({ type: "opened" }))).toEqual([{ type: "watchOutput", runId: runId(1), fromOffset: 0 }]);
});

it("acknowledges after each portion of output and at its end", () => {
  const test = open(runId(1));
  const piece = new Uint8Array(limits.outputChunkBytes);
  const acknowledged = [0, 1, 2, 3].flatMap((i) =>
    sent(
      test.frame({ type: "output", runId: runId(1), offset: i * piece.length, data: toBase64(piece), isEnd: i === 3 }),
    ),
  );
  expect(acknowledged).toEqual([
    { type: "ackOutput", runId: runId(1), offset: 3 * piece.length },
    { type: "ackOutput", runId: runId(1), offset: 4 * piece.length },
  ]);
});

it("renews its ticket before the connection's end, and asks for every topic then", () => {
  const test = open(runId(1));
  test.frame({ type: "server", isOnline: true, sinceMs: 0 });
  let renewal: ViewerEffect[] = [];
  for (let waited = 0; waited < limits.viewerConnectionMs && renewal.length === 0; waited += 5000) {
    renewal = test.passMs(5000).filter((effect) => effect.type === "fetchTicket");
    test.handle({ type: "frame", text: "pong" });
  }
  expect(renewal).toEqual([{ type: "fetchTicket", telemetry: false, workspaceIds: [], runIds: [runId(1)] }]);
  expect(sent(test.giveTicket(renewal))).toEqual([{ type: "authorize", ticket: "t" }]);
});

it("pings after silence, gives a dead connection up, and comes back by itself", () => {
  const test = open(runId(1));
  expect(test.passMs(9_000)).toEqual([]);
  expect(test.passMs(2_000)).toEqual([{ type: "ping" }]);
  expect(test.passMs(9_500)).toEqual([{ type: "disconnect" }, { type: "phase", phase: "waiting" }]);
  expect(test.passMs(600).map((effect) => effect.type)).toEqual(["phase", "fetchTicket"]);
});

it("closes when nobody watches any more", () => {
  const test = open(runId(1));
  expect(test.handle({ type: "dropOutput", runId: runId(1) })).toContainEqual({ type: "disconnect" });
  expect(test.session.phase).toBe("idle");
});

it("[W1] survives frames that are not JSON, too deep, or of no known shape", () => {
  const test = open(runId(1));
  for (const text of ["{", "[".repeat(5000), '{"type":"exec"}', '{"type":"output","runId":"x"}']) {
    expect(test.handle({ type: "frame", text })).toMatchObject([{ type: "refused" }]);
  }
  fc.assert(fc.property(fc.string(), (text) => void test.handle({ type: "frame", text })));
});

it("shows that a piece cannot be opened, asks for no more of that run, and goes on with others", () => {
  const test = open(runId(1));
  test.giveTicket(test.handle({ type: "wantOutput", runId: runId(2), fromOffset: 0 }));
  expect(test.handle({ type: "unreadable", runId: runId(1), reason: "no key" })).toEqual([
    { type: "unreadable", runId: runId(1), reason: "no key" },
    { type: "send", frame: { type: "unwatchOutput", runId: runId(1) } },
  ]);
  // It is said once, whatever else was on its way.
  expect(test.handle({ type: "unreadable", runId: runId(1), reason: "no key" })).toEqual([]);
  const data = toBase64(new Uint8Array([65]));
  expect(test.frame({ type: "output", runId: runId(1), offset: 0, data, isEnd: false })).toEqual([]);
  const other = test.frame({ type: "output", runId: runId(2), offset: 0, data, isEnd: false });
  expect(other).toContainEqual({ type: "output", runId: runId(2), bytes: new Uint8Array([65]), isEnd: false });
  test.handle({ type: "closed" });
  const again = test.giveTicket(test.passMs(60_000));
  expect(again.map((effect) => effect.type)).toContain("connect");
  expect(sent(test.handle({ type: "opened" }))).toEqual([{ type: "watchOutput", runId: runId(2), fromOffset: 1 }]);
});

const workspaceId = (number: number) => makeId("workspace", 1, new Uint8Array(16).fill(number));

it("watches workspaces by their topics, asks for a ticket when another is wanted, and shows what comes of them", () => {
  const test = makeSession();
  const wish = test.handle({ type: "wantWorkspaces", workspaceIds: [workspaceId(1)] });
  expect(wish).toContainEqual({ type: "fetchTicket", telemetry: false, workspaceIds: [workspaceId(1)], runIds: [] });
  test.giveTicket(wish);
  expect(sent(test.handle({ type: "opened" }))).toEqual([{ type: "watchTelemetry", historyMs: 0 }]);
  const usage = { cpu: 5, memory: 1, tasks: 1, runs: 0, disk: null, pressure: null, network: null };
  const reading = { workspaceId: workspaceId(1), atMs: 7, ...usage, projects: [], topRuns: [] };
  const [shown] = test.frame({ type: "telemetry", readings: encodeWorkspaces([reading]) });
  expect(shown).toEqual({ type: "readings", samples: [], gaps: [], workspaces: [reading] });
  // A further workspace needs a further ticket, and no further word.
  const both = [workspaceId(1), workspaceId(2)];
  const more = test.handle({ type: "wantWorkspaces", workspaceIds: both });
  expect(more).toEqual([{ type: "fetchTicket", telemetry: false, workspaceIds: both, runIds: [] }]);
  expect(sent(test.giveTicket(more)).map(({ type }) => type)).toEqual(["authorize"]);
  // The server's past is asked for once its readings are wanted and allowed.
  const server = test.handle({ type: "wantTelemetry", isWanted: true, historyMs: 1000 });
  expect(sent(test.giveTicket(server))).toContainEqual({ type: "watchTelemetry", historyMs: 1000 });
  expect(sent(test.handle({ type: "wantWorkspaces", workspaceIds: [] }))).toEqual([]);
  expect(test.handle({ type: "wantTelemetry", isWanted: false, historyMs: 0 })).toContainEqual({ type: "disconnect" });
});
