import type { Clock } from "@quarterdeck/core/clock";
import type { RunId, WorkspaceId } from "@quarterdeck/core/ids";
import { decodeFrame } from "@quarterdeck/core/protocol/codec";
import { decodeReadings, splitReadings, type CompactReadings } from "@quarterdeck/core/protocol/compact-readings";
import { heartbeat, limits } from "@quarterdeck/core/protocol/limits";
import { relayToViewerSchema, type RelayToViewer } from "@quarterdeck/core/protocol/relay-to-viewer";
import type { TelemetryGap } from "@quarterdeck/core/protocol/telemetry";
import { decodeWorkspaces } from "@quarterdeck/core/protocol/workspace-readings";
import { minuteMs, secondMs } from "@quarterdeck/core/units";
import { reconnectDelayMs } from "./reconnect-delay.ts";
import type { Phase, Ticket, ViewerEffect, ViewerEvent } from "./viewer-events.ts";
import { WatchedRun } from "./watched-run.ts";

const pingAfterSilenceMs = 10 * secondMs;
const deadAfterSilenceMs = 20 * secondMs;
const connectWithinMs = 10 * secondMs;
/** A connection that lived this long was healthy: the next failure counts as the first. */
const healthyAfterMs = 10 * secondMs;
const renewBeforeMs = minuteMs;
/** One topic of a ticket is for the server's telemetry, and one for each workspace's. */
const runsPerTicket = limits.topicsPerViewer - 1;

export interface ViewerSessionOptions {
  readonly clock: Clock;
  /** A number from 0 up to 1. */
  readonly random: () => number;
}

/**
 * What a browser does to watch one server over one connection: events in, effects out, no I/O and no time of its own
 * (PROTOCOL 6). Lives as long as somebody watches and outlives connections.
 */
export class ViewerSession {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #runs = new Map<RunId, WatchedRun>();
  readonly #allowedRuns = new Set<RunId>();
  readonly #allowedWorkspaces = new Set<WorkspaceId>();
  #workspaceIds: readonly WorkspaceId[] = [];
  #wantsTelemetry = false;
  #isTelemetryAllowed = false;
  #historyMs = 0;
  /** How much of the past was asked for on this connection; null while telemetry is not watched. */
  #askedHistoryMs: number | null = null;
  #phase: Phase = "idle";
  #isFetchingTicket = false;
  #failures = 0;
  #retryAtMs = 0;
  #phaseSinceMs = 0;
  #heardAtMs = 0;
  #connectionExpiresAtMs = 0;

  constructor({ clock, random }: ViewerSessionOptions) {
    this.#clock = clock;
    this.#random = random;
  }

  get phase(): Phase {
    return this.#phase;
  }

  handle(event: ViewerEvent): ViewerEffect[] {
    switch (event.type) {
      case "wantTelemetry":
        this.#wantsTelemetry = event.isWanted;
        this.#historyMs = event.historyMs;
        return this.#wantReadings();
      case "wantWorkspaces":
        this.#workspaceIds = event.workspaceIds;
        return this.#wantReadings();
      case "wantOutput":
        this.#runs.set(event.runId, new WatchedRun(event.runId, event.fromOffset));
        return this.#proceed();
      case "dropOutput":
        return this.#dropOutput(event.runId);
      case "ticket":
        return this.#useTicket(event.ticket);
      case "ticketFailed":
        this.#isFetchingTicket = false;
        return this.#phase === "connecting" ? this.#retryLater() : [];
      case "ticketRefused":
        return this.#refused(event.reason);
      case "opened":
        return this.#opened();
      case "closed":
        return this.#closed();
      case "frame":
        return this.#frame(event.text);
      case "piece":
        return this.#runs.get(event.runId)?.accept(event.piece, this.#clock.monotonicMs()) ?? [];
      case "unreadable":
        return this.#runs.get(event.runId)?.giveUp(event.reason) ?? [];
      case "skip":
        return this.#runs.get(event.runId)?.skip(event.fromOffset, event.toOffset) ?? [];
      case "tick":
        return this.#tick();
      case "networkIsBack":
        return this.#phase === "waiting" ? this.#start() : [];
    }
  }

  get #isNeeded(): boolean {
    return this.#wantsReadings || this.#runs.size > 0;
  }

  get #wantsReadings(): boolean {
    return this.#wantsTelemetry || this.#workspaceIds.length > 0;
  }

  #wantReadings(): ViewerEffect[] {
    if (this.#wantsReadings || this.#askedHistoryMs === null) return this.#proceed();
    this.#askedHistoryMs = null;
    return [{ type: "send", frame: { type: "unwatchTelemetry" } }, ...this.#proceed()];
  }

  #dropOutput(runId: RunId): ViewerEffect[] {
    const run = this.#runs.get(runId);
    this.#runs.delete(runId);
    const wasAsked = this.#phase === "open" && run?.isAsked === true;
    return [
      ...(wasAsked ? [{ type: "send", frame: { type: "unwatchOutput", runId } } as const] : []),
      ...this.#proceed(),
    ];
  }

  /** Does whatever brings what is wanted nearer, in whatever phase this is. */
  #proceed(): ViewerEffect[] {
    if (this.#phase === "idle") return this.#isNeeded ? this.#start() : [];
    if (!this.#isNeeded) return this.#stop();
    return this.#phase === "open" ? this.#watch() : [];
  }

  #start(): ViewerEffect[] {
    return [...this.#enter("connecting"), ...this.#fetchTicket()];
  }

  #stop(): ViewerEffect[] {
    this.#forgetConnection();
    this.#failures = 0;
    return [{ type: "disconnect" }, ...this.#enter("idle")];
  }

  #fetchTicket(): ViewerEffect[] {
    if (this.#isFetchingTicket) return [];
    this.#isFetchingTicket = true;
    const runIds = [...this.#runs.keys()].filter((runId) => !this.#allowedRuns.has(runId));
    const asksAll = this.#phase !== "open" || runIds.length === 0;
    return [
      {
        type: "fetchTicket",
        telemetry: this.#wantsTelemetry,
        workspaceIds: this.#workspaceIds,
        runIds: (asksAll ? [...this.#runs.keys()] : runIds).slice(0, runsPerTicket - this.#workspaceIds.length),
      },
    ];
  }

  #useTicket(ticket: Ticket): ViewerEffect[] {
    this.#isFetchingTicket = false;
    if (this.#phase !== "connecting" && this.#phase !== "open") return [];
    for (const runId of ticket.runIds) this.#allowedRuns.add(runId);
    for (const workspaceId of ticket.workspaceIds) this.#allowedWorkspaces.add(workspaceId);
    if (ticket.telemetry) this.#isTelemetryAllowed = true;
    this.#connectionExpiresAtMs = ticket.connectionExpiresAtMs;
    if (this.#phase === "connecting") return [{ type: "connect", path: ticket.path, ticket: ticket.ticket }];
    return [{ type: "send", frame: { type: "authorize", ticket: ticket.ticket } }, ...this.#watch()];
  }

  /** Whoever watches a run is told; nothing is tried again until something else is wanted. */
  #refused(reason: string): ViewerEffect[] {
    const told = [...this.#runs.values()].flatMap((run) => run.giveUp(reason));
    return [...told, ...this.#stop()];
  }

  #opened(): ViewerEffect[] {
    if (this.#phase !== "connecting") return [];
    this.#heardAtMs = this.#clock.monotonicMs();
    return [...this.#enter("open"), ...this.#watch()];
  }

  /** Asks for everything wanted and allowed, and for a further ticket when something wanted is not allowed yet. */
  #watch(): ViewerEffect[] {
    const effects: ViewerEffect[] = [];
    let isTicketMissing = false;
    const seesServer = this.#wantsTelemetry && this.#isTelemetryAllowed;
    const unseen = this.#workspaceIds.filter((workspaceId) => !this.#allowedWorkspaces.has(workspaceId));
    if ((this.#wantsTelemetry && !seesServer) || unseen.length > 0) isTicketMissing = true;
    if (seesServer || unseen.length < this.#workspaceIds.length) {
      // What the ticket allows comes by itself; only the server has a past there.
      const historyMs = seesServer ? this.#historyMs : 0;
      if (this.#askedHistoryMs === null || this.#askedHistoryMs < historyMs) {
        this.#askedHistoryMs = historyMs;
        effects.push({ type: "send", frame: { type: "watchTelemetry", historyMs } });
      }
    }
    for (const run of this.#runs.values()) {
      if (run.isAsked || run.hasEnded) continue;
      if (this.#allowedRuns.has(run.runId)) effects.push(...run.ask(this.#clock.monotonicMs()));
      else isTicketMissing = true;
    }
    return isTicketMissing ? [...effects, ...this.#fetchTicket()] : effects;
  }

  #closed(): ViewerEffect[] {
    if (this.#phase !== "open" && this.#phase !== "connecting") return [];
    if (this.#phase === "open" && this.#clock.monotonicMs() - this.#phaseSinceMs >= healthyAfterMs) this.#failures = 0;
    return this.#retryLater();
  }

  #retryLater(): ViewerEffect[] {
    this.#forgetConnection();
    this.#failures += 1;
    this.#retryAtMs = this.#clock.monotonicMs() + reconnectDelayMs(this.#failures, this.#random());
    return this.#enter("waiting");
  }

  #forgetConnection(): void {
    this.#isFetchingTicket = false;
    this.#isTelemetryAllowed = false;
    this.#askedHistoryMs = null;
    this.#allowedRuns.clear();
    this.#allowedWorkspaces.clear();
    for (const run of this.#runs.values()) run.connectionLost();
  }

  #tick(): ViewerEffect[] {
    const nowMs = this.#clock.monotonicMs();
    if (this.#phase === "waiting") return nowMs >= this.#retryAtMs ? this.#start() : [];
    if (this.#phase === "connecting" && nowMs - this.#phaseSinceMs > connectWithinMs) return this.#giveUp();
    if (this.#phase !== "open") return [];
    if (nowMs - this.#heardAtMs >= deadAfterSilenceMs) return this.#giveUp();
    const effects: ViewerEffect[] = [];
    if (nowMs - this.#heardAtMs >= pingAfterSilenceMs) effects.push({ type: "ping" });
    const isExpiring = this.#connectionExpiresAtMs - this.#clock.nowMs() < renewBeforeMs;
    return isExpiring ? [...effects, ...this.#fetchTicket()] : effects;
  }

  #giveUp(): ViewerEffect[] {
    return [{ type: "disconnect" }, ...this.#retryLater()];
  }

  #enter(phase: Phase): ViewerEffect[] {
    this.#phase = phase;
    this.#phaseSinceMs = this.#clock.monotonicMs();
    return [{ type: "phase", phase }];
  }

  #frame(text: string): ViewerEffect[] {
    if (this.#phase !== "open") return [];
    this.#heardAtMs = this.#clock.monotonicMs();
    if (text === heartbeat.pong) return [];
    const decoded = decodeFrame(relayToViewerSchema, text);
    if (!decoded.ok) return [{ type: "refused", ...decoded.error }];
    return this.#message(decoded.value);
  }

  #message(message: RelayToViewer): ViewerEffect[] {
    switch (message.type) {
      case "authorized":
        this.#connectionExpiresAtMs = message.expiresAtMs;
        return [];
      case "server":
        return [{ type: "server", isOnline: message.isOnline, sinceMs: message.sinceMs }];
      case "telemetry":
        return [readingsOf(message.readings, [])];
      case "history":
        return [readingsOf(message.readings, message.gaps)];
      case "output": {
        // A frame of a run that nobody here asked for is dropped, whatever its offset.
        const { runId, offset, data, isEnd } = message;
        if (this.#runs.get(runId)?.hasEnded !== false) return [];
        return [{ type: "open", runId, piece: { offset, data, isEnd } }];
      }
      case "gap": {
        // Bytes that are still being opened came before it.
        const { runId, fromOffset, toOffset } = message;
        return this.#runs.has(runId) ? [{ type: "skip", runId, fromOffset, toOffset }] : [];
      }
      case "inputState":
        return []; // The console does not type into runs yet.
      case "checkpoint":
        return [{ type: "send", frame: { type: "reached", number: message.number } }];
      case "batch":
        return message.frames.flatMap((frame) => this.#message(frame));
      case "error":
        return [{ type: "refused", code: message.code, message: message.message }];
    }
  }
}

function readingsOf(readings: CompactReadings, gaps: readonly TelemetryGap[]): ViewerEffect {
  const workspaces = decodeWorkspaces(splitReadings(readings).workspaces);
  return { type: "readings", samples: decodeReadings(readings), gaps, workspaces };
}
