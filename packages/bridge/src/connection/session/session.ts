import { limits } from "@quarterdeck/core/protocol/limits";
import type { RelayToBridge } from "@quarterdeck/core/protocol/relay-to-bridge";
import { minuteMs } from "@quarterdeck/core/units";
import { isRefusal, reconnectDelay } from "./reconnect-delay.ts";
import type { SessionEffect, SessionEvent } from "./session-events.ts";
import { close, step, type Session, type Step } from "./session-state.ts";
import {
  onCommands,
  onJournaled,
  onResultsAdded,
  onResultsSent,
  onResultsStored,
  sendResults,
} from "./session-streams.ts";
import { silenceLeftMs } from "./silence.ts";

const healthyMs = minuteMs;
const maxDeferred = 64;
/** A relay that does not let a bridge in says why, once or twice; whoever says more fills the log. */
const maxUnprovedWords = 4;

const stepTimer: SessionEffect = { type: "setTimer", name: "step", delayMs: limits.handshakeStepMs };

/** Begins the first connection. */
export function startSession(session: Session): Step {
  return step({ ...session, phase: { name: "connecting" } }, { type: "connect" }, stepTimer);
}

/** Decides what an event means. It does nothing itself: the shell carries the effects out, in order. */
export function advanceSession(session: Session, event: SessionEvent): Step {
  const { session: next, effects } = advance(session, event);
  const isSettled = next.sentResults === next.storedResults && next.journaledCommands === next.takenCommands;
  if (!next.isDraining || !isSettled) return step(next, ...effects);
  return step({ ...next, isDraining: false }, ...effects, close(1001, "the relay asked to reconnect"));
}

function advance(session: Session, event: SessionEvent): Step {
  switch (event.type) {
    case "opened":
      return session.phase.name === "connecting"
        ? step({ ...session, phase: { name: "awaitingChallenge" } }, stepTimer)
        : step(session);
    case "frame":
      if (!event.frame.ok) return step(session, close(4400, event.frame.error.message));
      return onFrame({ ...session, heardAtMs: event.nowMs }, event.frame.value, event.text);
    case "pong":
      return step({ ...session, heardAtMs: event.nowMs });
    case "helloReady": {
      if (session.phase.name !== "checkingChallenge") return step(session);
      if (!event.hello.ok) return distrust(session, event.hello.error);
      const { text: hello, relayKey } = event.hello.value;
      // What had been taken and is not durable was dropped before the hello, and comes again (PROTOCOL 4.11).
      const takenCommands = session.journaledCommands;
      return step(
        { ...session, phase: { name: "awaitingWelcome", hello, relayKey }, takenCommands, commandFlights: [] },
        { type: "sendHello", text: hello },
        stepTimer,
      );
    }
    case "welcomeChecked":
      return onWelcome(session, event);
    case "welcomedAt":
      return step({ ...session, onlineSinceMs: event.nowMs });
    case "journaled":
      return onJournaled(session, event.through);
    case "resultsAdded":
      return onResultsAdded(session, event.through);
    case "resultsSent":
      return onResultsSent(session, event.flights);
    case "timer":
      return onTimer(session, event);
    case "closed":
      return onClosed(session, event);
  }
}

function distrust(session: Session, error: { code: string; message: string }): Step {
  // The code's own close code could stop retrying; an impostor in between must not achieve that. Asking a relay of another
  // major version again and again is of no use (PROTOCOL 1.2).
  return step(
    session,
    { type: "log", level: "warn", message: error.message, code: error.code },
    close(error.code === "VERSION_UNSUPPORTED" ? 4406 : 4400, error.message),
  );
}

function onFrame(session: Session, frame: RelayToBridge, text: string): Step {
  const { phase } = session;
  if (phase.name === "checkingWelcome") {
    if (session.deferred.length >= maxDeferred)
      return step(session, close(4400, "too many frames before the handshake ended"));
    return step({ ...session, deferred: [...session.deferred, { frame, text }] });
  }
  if (frame.type === "refuse" || frame.type === "error") return onWord(session, frame);
  if (frame.type === "challenge") {
    if (phase.name !== "awaitingChallenge") return step(session, close(4400, "a challenge out of turn"));
    return step({ ...session, phase: { name: "checkingChallenge" } }, { type: "checkChallenge", frame, text });
  }
  if (frame.type === "welcome") {
    if (phase.name !== "awaitingWelcome") return step(session, close(4400, "a welcome out of turn"));
    const { hello, relayKey } = phase;
    return step({ ...session, phase: { name: "checkingWelcome" } }, { type: "checkWelcome", frame, hello, relayKey });
  }
  // Until the relay has proved itself, nothing else that it says counts.
  if (phase.name !== "online") return step(session, close(4400, `${frame.type} before the handshake`));
  switch (frame.type) {
    case "commands":
      return onCommands(session, frame.items);
    case "ack":
      return onResultsStored(session, frame.through);
    case "interest":
      return step(session, { type: "interest", frame });
    case "keys":
      return step(session, { type: "takeKeys", statements: frame.statements });
    case "auditHead":
      return step(session, { type: "auditHead", text: { signed: frame.signed, signature: frame.signature } });
    case "credit":
      return step(session, { type: "credit", bytes: frame.bytes });
    case "historyStored":
      return step(session, { type: "historyStored", through: frame.through });
    case "input":
      return step(session, { type: "input", frame });
    case "drain": {
      // Leaving is no failure, and what does not settle in time is sent again after the return.
      const { spreadMs } = frame;
      const next = { ...session, spreadMs, failures: 0, isDraining: true };
      return step(next, { type: "setTimer", name: "step", delayMs: spreadMs });
    }
  }
}

/** Says why a connection does not come about, or ends. */
function onWord(session: Session, frame: Extract<RelayToBridge, { type: "refuse" | "error" }>): Step {
  const isProved = session.phase.name === "online";
  if (!isProved && session.unprovedWords >= maxUnprovedWords)
    return step(session, close(4400, "too many words before the handshake"));
  const told = isProved ? session : { ...session, unprovedWords: session.unprovedWords + 1 };
  const isRefused = frame.type === "refuse";
  const message = `${isRefused ? "The relay refused the connection" : "The relay says"}: ${frame.message}`;
  return step(isRefused ? { ...told, retryAfterMs: frame.retryAfterMs } : told, {
    type: "log",
    level: "warn",
    message,
    code: frame.code,
  });
}

function onWelcome(session: Session, { welcome }: Extract<SessionEvent, { type: "welcomeChecked" }>): Step {
  if (session.phase.name !== "checkingWelcome") return step(session);
  if (!welcome.ok) return distrust(session, welcome.error);
  const { protocol, epoch, received, credit, heartbeatMs, spreadMs } = welcome.value;
  if (received.results > session.lastResult)
    return step(
      session,
      {
        type: "outdated",
        reason: `the relay has result ${received.results}, the journal ends at ${session.lastResult}`,
      },
      close(1001, "the journal is an old copy"),
    );
  const online: Session = {
    ...session,
    phase: {
      name: "online",
      protocol,
      epoch,
      resultCredit: Math.max(1, Math.min(credit.results, limits.resultsInFlight)),
      heartbeatMs,
    },
    storedResults: received.results,
    sentResults: received.results,
    resultFlights: [],
    refusedForMs: 0,
    spreadMs,
    retryAfterMs: null,
    deferred: [],
  };
  const next = sendResults(online);
  const welcomed = step(
    next.session,
    { type: "clearTimer", name: "step" },
    { type: "online", welcome: welcome.value },
    { type: "resultsStored", through: received.results },
    { type: "setTimer", name: "heartbeat", delayMs: heartbeatMs },
    ...next.effects,
  );
  return session.deferred.reduce((before, { frame, text }) => {
    const after = onFrame(before.session, frame, text);
    return step(after.session, ...before.effects, ...after.effects);
  }, welcomed);
}

function onTimer(session: Session, { name, nowMs }: Extract<SessionEvent, { type: "timer" }>): Step {
  if (name === "reconnect") return session.phase.name === "offline" ? startSession(session) : step(session);
  if (name === "step" && session.isDraining) return step(session, close(1001, "the relay asked to reconnect"));
  if (name === "step") return step(session, close(4408, "the handshake took too long"));
  if (session.phase.name !== "online") return step(session);
  const { heartbeatMs } = session.phase;
  const leftMs = silenceLeftMs({ heardAtMs: session.heardAtMs, nowMs, heartbeatMs });
  if (leftMs <= 0) return step(session, close(4408, "the relay does not answer"));
  const delayMs = Math.min(heartbeatMs, Math.ceil(leftMs));
  return step(session, { type: "ping" }, { type: "setTimer", name: "heartbeat", delayMs });
}

function onClosed(session: Session, event: Extract<SessionEvent, { type: "closed" }>): Step {
  const wasHealthy = session.onlineSinceMs !== null && event.nowMs - session.onlineSinceMs >= healthyMs;
  const wasOnline = session.phase.name === "online";
  const failures = wasHealthy ? 0 : session.failures;
  const { refusedForMs, spreadMs, retryAfterMs } = session;
  const { code: closeCode, random } = event;
  // What was not preceded by a verified welcome may come from anybody, whatever its code (PROTOCOL 2.4).
  const isProved = wasOnline;
  const delayMs = reconnectDelay({ closeCode, isProved, failures, refusedForMs, spreadMs, retryAfterMs, random });
  const wasRefused = !isProved && isRefusal({ closeCode, retryAfterMs });
  const next: Session = {
    ...session,
    phase: { name: "offline" },
    isDraining: false,
    failures: failures + 1,
    refusedForMs: wasRefused ? refusedForMs + (delayMs ?? 0) : refusedForMs,
    unprovedWords: 0,
    retryAfterMs: null,
    onlineSinceMs: null,
    deferred: [],
  };
  const clear: SessionEffect[] = [
    { type: "clearTimer", name: "step" },
    { type: "clearTimer", name: "heartbeat" },
  ];
  const offline: SessionEffect = {
    type: "offline",
    code: event.code,
    reason: event.reason,
    retryInMs: delayMs ?? null,
  };
  if (delayMs === undefined)
    return step(next, ...clear, offline, { type: "stopped", code: event.code, reason: event.reason });
  // A connection that worked and was cut starts over at the spread; one that never worked backs off.
  return step(wasOnline && wasHealthy ? { ...next, failures: 1 } : next, ...clear, offline, {
    type: "setTimer",
    name: "reconnect",
    delayMs,
  });
}
