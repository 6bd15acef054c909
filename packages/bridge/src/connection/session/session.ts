import { commandTextLength } from "@quarterdeck/core/protocol/command";
import { bytesInFlight, stillInFlight, type Flight } from "@quarterdeck/core/protocol/in-flight";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { RelayToBridge } from "@quarterdeck/core/protocol/relay-to-bridge";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import type { Version } from "@quarterdeck/core/protocol/version";
import { minuteMs } from "@quarterdeck/core/units";
import { isRefusal, reconnectDelay } from "./reconnect-delay.ts";
import type { CommandItem, SessionEffect, SessionEvent } from "./session-events.ts";
import { silenceLeftMs } from "./silence.ts";

type Phase =
  | { readonly name: "offline" }
  | { readonly name: "connecting" }
  | { readonly name: "awaitingChallenge" }
  | { readonly name: "checkingChallenge" }
  | { readonly name: "awaitingWelcome"; readonly hello: SignedText; readonly relayKey: string }
  | { readonly name: "checkingWelcome" }
  | {
      readonly name: "online";
      /** What the relay speaks on this connection: nothing newer is sent. */
      readonly protocol: Version;
      readonly epoch: number;
      readonly resultCredit: number;
      readonly heartbeatMs: number;
    };

/** Everything that a session knows of its connection. */
export interface Session {
  readonly phase: Phase;
  /** Commands up to here were handed to the journal; the next one must follow on. */
  readonly takenCommands: number;
  /** Commands up to here are durable. */
  readonly journaledCommands: number;
  /** The relay asked to be left, once what is being written is written. */
  readonly isDraining: boolean;
  /** Results up to here are on their way or arrived. */
  readonly sentResults: number;
  /** The relay has durably every result up to here. */
  readonly storedResults: number;
  /** The newest result in the journal. */
  readonly lastResult: number;
  /** Results on the way to the relay, and commands on the way to the journal. */
  readonly resultFlights: readonly Flight[];
  readonly commandFlights: readonly Flight[];
  /** When anything came from the relay, on the clock of the events. */
  readonly heardAtMs: number;
  readonly failures: number;
  /** How long the bridge has stayed away because it was refused, since a relay last proved itself. */
  readonly refusedForMs: number;
  /** What was said on this connection before a relay proved itself, for the log. */
  readonly unprovedWords: number;
  readonly spreadMs: number;
  readonly retryAfterMs: number | null;
  readonly onlineSinceMs: number | null;
  /** What the relay sent right after its welcome, while that is still being checked. */
  readonly deferred: readonly Deferred[];
}

interface Deferred {
  readonly frame: RelayToBridge;
  readonly text: string;
}

const healthyMs = minuteMs;
const defaultSpreadMs = 2000;
const maxDeferred = 64;
/** A relay that does not let a bridge in says why, once or twice; whoever says more fills the log. */
const maxUnprovedWords = 4;

export function newSession(counters: { takenCommands: number; lastResult: number }): Session {
  return {
    phase: { name: "offline" },
    ...counters,
    journaledCommands: counters.takenCommands,
    isDraining: false,
    sentResults: 0,
    storedResults: 0,
    resultFlights: [],
    commandFlights: [],
    heardAtMs: 0,
    failures: 0,
    refusedForMs: 0,
    unprovedWords: 0,
    spreadMs: defaultSpreadMs,
    retryAfterMs: null,
    onlineSinceMs: null,
    deferred: [],
  };
}

export interface Step {
  readonly session: Session;
  readonly effects: readonly SessionEffect[];
}

const step = (session: Session, ...effects: SessionEffect[]): Step => ({ session, effects });
const close = (code: number, reason: string): SessionEffect => ({ type: "close", code, reason: reason.slice(0, 120) });
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
    case "journaled": {
      const commandFlights = stillInFlight(session.commandFlights, event.through);
      const next: Session = { ...session, journaledCommands: event.through, commandFlights };
      return session.phase.name === "online"
        ? step(next, { type: "acknowledgeCommands", epoch: session.phase.epoch, through: event.through })
        : step(next);
    }
    case "resultsAdded":
      return sendResults({ ...session, lastResult: Math.max(session.lastResult, event.through) });
    case "resultsSent": {
      const sentResults = event.flights.at(-1)?.through ?? session.sentResults;
      return step({ ...session, sentResults, resultFlights: [...session.resultFlights, ...event.flights] });
    }
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

function onCommands(session: Session, items: readonly CommandItem[]): Step {
  let { takenCommands } = session;
  const fresh: CommandItem[] = [];
  for (const item of items) {
    if (item.seq <= takenCommands) continue; // Known: acknowledged again below.
    if (item.seq !== takenCommands + 1) {
      // One connection keeps its order, so a gap is a mistake of the relay: it resumes from what we have.
      return step(session, close(4400, `command ${item.seq} after ${takenCommands}`));
    }
    takenCommands = item.seq;
    fresh.push(item);
  }
  const commandFlights =
    fresh.length === 0
      ? session.commandFlights
      : [...session.commandFlights, { through: takenCommands, bytes: sizeOf(fresh) }];
  const isOverrun =
    takenCommands - session.journaledCommands > limits.commandsInFlight ||
    bytesInFlight(commandFlights) > limits.commandsInFlightBytes + limits.frameBytes;
  if (isOverrun) return step(session, close(4400, "more commands on the way than the window allows"));
  // Also when nothing is new: what is journaled is then acknowledged again.
  return step({ ...session, takenCommands, commandFlights }, { type: "journal", items: fresh });
}

function sizeOf(items: readonly CommandItem[]): number {
  return items.reduce((sum, item) => sum + commandTextLength(item), 0);
}

function onResultsStored(session: Session, through: number): Step {
  if (through > session.sentResults)
    return step(session, close(4400, `acknowledged result ${through} of ${session.sentResults}`));
  if (through <= session.storedResults) return step(session);
  const resultFlights = stillInFlight(session.resultFlights, through);
  const next = sendResults({ ...session, storedResults: through, resultFlights });
  return step(next.session, { type: "resultsStored", through }, ...next.effects);
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

function sendResults(session: Session): Step {
  if (session.phase.name !== "online") return step(session);
  const { epoch, resultCredit } = session.phase;
  const after = session.sentResults;
  const count = Math.min(session.storedResults + resultCredit, session.lastResult) - after;
  const bytes = limits.resultsInFlightBytes - bytesInFlight(session.resultFlights);
  if (count <= 0 || bytes <= 0) return step(session);
  const effect: SessionEffect = { type: "sendResults", epoch, after, count, bytes };
  return step({ ...session, sentResults: session.sentResults + count }, effect);
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
