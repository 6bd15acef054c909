import type { CompactReadings } from "@quarterdeck/core/protocol/compact-readings";
import { RecentReadings } from "../session/recent-readings.ts";
import { TelemetryFlow, type TelemetryStep } from "../session/telemetry-flow.ts";
import { inFrames, type History } from "../session/telemetry-history.ts";
import { askPast, missPast } from "../session/viewer-past.ts";
import { sightOf, visibleHistory, visibleReadings } from "../session/visible-readings.ts";
import type { Sql } from "../storage/sql.ts";
import { takePast } from "./past-frames.ts";
import { encodeForViewers, type ViewerSeats } from "./viewer-seats.ts";

function textsOf(history: History): readonly string[] {
  return [...inFrames(history)].map((frame) => encodeForViewers({ type: "history", ...frame }));
}

/** The readings of one server for its viewers: those that come, and as much of the past as each asked for. */
export class ViewerTelemetry {
  readonly #sql: Sql;
  readonly #seats: ViewerSeats;
  readonly #flows = new WeakMap<WebSocket, TelemetryFlow>();
  readonly #recent = new RecentReadings();

  constructor(sql: Sql, seats: ViewerSeats) {
    this.#sql = sql;
    this.#seats = seats;
  }

  /** Passes readings on as they came, to each viewer those that it may see. Who may see the same gets the same text. */
  readings(all: CompactReadings): void {
    this.#recent.add(all);
    const nowMs = Date.now();
    const views = new Map<string, { readings: CompactReadings; text: string; nowMs: number }>();
    for (const seat of this.#seats) {
      const [socket, viewer] = seat;
      if (!viewer.isWatchingTelemetry) continue;
      const sight = sightOf(viewer);
      let view = views.get(sight);
      if (!view) {
        const readings = visibleReadings(all, viewer);
        view = { readings, text: encodeForViewers({ type: "telemetry", readings: [...readings] }), nowMs };
        views.set(sight, view);
      }
      if (view.readings.length === 0) continue;
      if (!viewer.features.includes("checkpoint")) this.#seats.sendText(seat, view.text, nowMs);
      else this.#send(socket, this.#flowOf(socket).offer(view.readings), view);
    }
  }

  /**
   * Passes on readings from before, which the bridge could not send when it took them and the storage has now. Who has
   * a stretch of the past on the way, or does not look just now, gets them from there.
   */
  history(history: History): void {
    const nowMs = Date.now();
    const views = new Map<string, readonly string[]>();
    for (const seat of this.#seats) {
      const [socket, viewer] = seat;
      if (!viewer.topics.includes("telemetry")) continue;
      const isBehind = viewer.past.mark !== null || viewer.past.due !== null;
      if (viewer.isWatchingTelemetry && !isBehind) {
        const sight = sightOf(viewer);
        const texts = views.get(sight) ?? textsOf(visibleHistory(history, viewer));
        views.set(sight, texts);
        for (const text of texts) this.#seats.sendText(seat, text, nowMs);
        this.#markPast(socket);
      } else if (viewer.isWatchingTelemetry || viewer.past.coveredFromMs !== null) {
        this.#seats.set(socket, { ...viewer, past: missPast(viewer.past, history) });
      }
    }
  }

  /** A viewer may see more than before: what came last of that goes out too. */
  seesMore(socket: WebSocket): void {
    const viewer = this.#seats.get(socket);
    if (!viewer?.isWatchingTelemetry || !viewer.features.includes("checkpoint")) return;
    this.#seats.set(socket, { ...viewer, past: { ...viewer.past, isRecentDue: true } });
    this.#sendPast(socket);
  }

  /** A viewer asks for that much of the past. */
  wantPast(socket: WebSocket, wasWatching: boolean, historyMs: number): void {
    const viewer = this.#seats.get(socket);
    if (!viewer) return;
    // Whoever answers no marks gets the recent readings once.
    const isRecentDue = viewer.past.isRecentDue || (!wasWatching && viewer.features.includes("checkpoint"));
    // There is no past for who may not see the server itself.
    const askedMs = viewer.topics.includes("telemetry") ? historyMs : 0;
    this.#seats.set(socket, { ...viewer, past: { ...askPast(viewer.past, askedMs, Date.now()), isRecentDue } });
    this.#sendPast(socket);
  }

  /** A viewer has read everything before a mark: what waited for that goes on. */
  reached(socket: WebSocket, mark: number): void {
    this.#send(socket, this.#flows.get(socket)?.reached(mark));
    this.#sendPast(socket);
  }

  #sendPast(socket: WebSocket): void {
    const viewer = this.#seats.get(socket);
    if (!viewer?.isWatchingTelemetry) return;
    const source = { sql: this.#sql, recent: this.#recent, nowMs: Date.now() };
    const { past, frames } = takePast(viewer, source);
    this.#seats.set(socket, { ...viewer, past });
    for (const frame of frames) this.#seats.send(socket, frame);
    if (frames.length > 0 && !this.#markPast(socket)) this.#sendPast(socket);
  }

  /** Returns whether the viewer is waited for. */
  #markPast(socket: WebSocket): boolean {
    return this.#seats.mark(socket, (viewer, mark) => ({ ...viewer, past: { ...viewer.past, mark } }));
  }

  #flowOf(socket: WebSocket): TelemetryFlow {
    const flow = this.#flows.get(socket) ?? new TelemetryFlow(() => this.#seats.takeMark(socket));
    this.#flows.set(socket, flow);
    return flow;
  }

  /** `encoded`: the frame's text where it was written for others already. */
  #send(
    socket: WebSocket,
    step: TelemetryStep | undefined,
    encoded?: { readonly readings: CompactReadings; readonly text: string; readonly nowMs: number },
  ): void {
    const viewer = this.#seats.get(socket);
    if (!viewer || !step) return;
    const { readings, checkpoint } = step;
    if (readings === encoded?.readings) this.#seats.sendText([socket, viewer], encoded.text, encoded.nowMs);
    else if (readings.length > 0) this.#seats.send(socket, { type: "telemetry", readings: [...readings] });
    if (checkpoint !== null) this.#seats.send(socket, { type: "checkpoint", number: checkpoint });
  }
}
