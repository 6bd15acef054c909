import { isDeepStrictEqual } from "node:util";
import { decodeFrame } from "@quarterdeck/core/protocol/codec";
import type { RunId } from "@quarterdeck/core/ids";
import { protocolRange } from "@quarterdeck/core/protocol/version";
import { relayToBridgeSchema } from "@quarterdeck/core/protocol/relay-to-bridge";
import { advanceSession } from "../../../packages/bridge/src/connection/session/session.ts";
import { newSession, type Session } from "../../../packages/bridge/src/connection/session/session-state.ts";
import { ViewerSession } from "../../../apps/web/src/live/session/viewer-session.ts";
import type { ViewerEffect, ViewerEvent } from "../../../apps/web/src/live/session/viewer-events.ts";
import { mustHold, type FuzzTarget } from "../fuzz-target.ts";

const runId = `run_${"0".repeat(26)}` as RunId;
const online: Session = {
  ...newSession({ takenCommands: 2, lastResult: 5 }),
  phase: { name: "online", protocol: protocolRange.max, epoch: 1, resultCredit: 8, heartbeatMs: 25_000 },
  sentResults: 5,
};

/** A bridge that is online and one that is not yet get the lines of a text as frames. */
const bridgeSession: FuzzTarget = {
  name: "bridge-session",
  grammar: "text",
  check(text) {
    for (const start of [online, { ...online, phase: { name: "awaitingChallenge" } } satisfies Session]) {
      let session: Session = start;
      let taken = session.takenCommands;
      for (const line of text.split("\n")) {
        const frame = decodeFrame(relayToBridgeSchema, line);
        const next = advanceSession(session, { type: "frame", frame, text: line, nowMs: 0 });
        if (!frame.ok) {
          mustHold(isDeepStrictEqual(next.session, session), "a refused frame changed the session");
          mustHold(
            next.effects.every(({ type }) => type === "close"),
            "a refused frame had an effect",
          );
        }
        for (const effect of next.effects) {
          if (effect.type !== "journal") continue;
          mustHold(session.phase.name === "online", "a command was taken from a relay that has not proved itself");
          for (const { seq } of effect.items) mustHold(seq === ++taken, "a command was taken out of turn");
        }
        session = next.session;
        mustHold(session.storedResults <= session.sentResults, "more results are stored than were sent");
        if (next.effects.some(({ type }) => type === "close")) break;
      }
    }
  },
};

/** As if every sealed piece could be opened: what authenticates it is another target's. */
function opened({ runId, piece }: Extract<ViewerEffect, { type: "open" }>): ViewerEvent {
  const bytes = new Uint8Array(Buffer.from(piece.data, "base64"));
  return { type: "piece", runId, piece: { offset: piece.offset, bytes, isEnd: piece.isEnd } };
}

/** A console that watches one run gets the lines of a text as frames. */
const viewerSession: FuzzTarget = {
  name: "viewer-session",
  grammar: "text",
  check(text) {
    const session = new ViewerSession({ clock: { nowMs: () => 0, monotonicMs: () => 0 }, random: () => 0.5 });
    session.handle({ type: "wantOutput", runId, fromOffset: 0 });
    const ticket = {
      path: "/",
      ticket: "t",
      connectionExpiresAtMs: 1e9,
      telemetry: false,
      workspaceIds: [],
      runIds: [runId],
    };
    session.handle({ type: "ticket", ticket });
    session.handle({ type: "opened" });
    for (const line of text.split("\n")) {
      for (const effect of session.handle({ type: "frame", text: line })) {
        const effects = effect.type === "open" ? session.handle(opened(effect)) : [effect];
        for (const outcome of [effect, ...effects]) {
          if (outcome.type === "output" || outcome.type === "gap" || outcome.type === "open")
            mustHold(outcome.runId === runId, "something of a run that nobody watches came out");
        }
      }
    }
  },
};

export const sessionTargets: readonly FuzzTarget[] = [bridgeSession, viewerSession];
