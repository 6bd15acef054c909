import { commandTextLength } from "@quarterdeck/core/protocol/command";
import { bytesInFlight, stillInFlight, type Flight } from "@quarterdeck/core/protocol/in-flight";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { CommandItem, SessionEffect } from "./session-events.ts";
import { close, step, type Session, type Step } from "./session-state.ts";

// The two numbered streams of a session, each with its window (PROTOCOL 4): commands that come, and results that go.

/** Commands came: those that follow on go to the journal. */
export function onCommands(session: Session, items: readonly CommandItem[]): Step {
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

/** The relay has results durably. */
export function onResultsStored(session: Session, through: number): Step {
  if (through > session.sentResults)
    return step(session, close(4400, `acknowledged result ${through} of ${session.sentResults}`));
  if (through <= session.storedResults) return step(session);
  const resultFlights = stillInFlight(session.resultFlights, through);
  const next = sendResults({ ...session, storedResults: through, resultFlights });
  return step(next.session, { type: "resultsStored", through }, ...next.effects);
}

/** Commands are durable: the relay is told, now or when it is there again. */
export function onJournaled(session: Session, through: number): Step {
  const commandFlights = stillInFlight(session.commandFlights, through);
  const next: Session = { ...session, journaledCommands: through, commandFlights };
  return session.phase.name === "online"
    ? step(next, { type: "acknowledgeCommands", epoch: session.phase.epoch, through })
    : step(next);
}

/** The journal has further results. */
export function onResultsAdded(session: Session, through: number): Step {
  return sendResults({ ...session, lastResult: Math.max(session.lastResult, through) });
}

/** Results went out: fewer than were asked for, where they are large. */
export function onResultsSent(session: Session, flights: readonly Flight[]): Step {
  const sentResults = flights.at(-1)?.through ?? session.sentResults;
  return step({ ...session, sentResults, resultFlights: [...session.resultFlights, ...flights] });
}

/** Sends what the journal has and the window allows. */
export function sendResults(session: Session): Step {
  if (session.phase.name !== "online") return step(session);
  const { epoch, resultCredit } = session.phase;
  const after = session.sentResults;
  const count = Math.min(session.storedResults + resultCredit, session.lastResult) - after;
  const bytes = limits.resultsInFlightBytes - bytesInFlight(session.resultFlights);
  if (count <= 0 || bytes <= 0) return step(session);
  const effect: SessionEffect = { type: "sendResults", epoch, after, count, bytes };
  return step({ ...session, sentResults: session.sentResults + count }, effect);
}
