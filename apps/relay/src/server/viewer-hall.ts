import { refuse, type Refusal, type Result } from "@quarterdeck/core/errors/result";
import type { RunId, ServerId, UserId } from "@quarterdeck/core/ids";
import type { BridgeToRelay } from "@quarterdeck/core/protocol/bridge-to-relay";
import { decodeFrame } from "@quarterdeck/core/protocol/codec";
import { clearLength } from "@quarterdeck/core/protocol/content-format";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { Ticket } from "@quarterdeck/core/protocol/ticket";
import type { ViewerFeature } from "@quarterdeck/core/protocol/viewer-features";
import { viewerToRelaySchema } from "@quarterdeck/core/protocol/viewer-to-relay";
import { FrameRates } from "../session/frame-rate.ts";
import { countWatchedRuns, interestOf, maxWatchedRuns, type Interest } from "../session/interest.ts";
import { offerPiece, skipGap, type OutputWatch } from "../session/output-watch.ts";
import { markUnread, needsMark, nothingUnread } from "../session/unread-output.ts";
import { connectionExpiryMs, judgeRenewal } from "../session/viewer-access.ts";
import { behindAllowance } from "../session/viewer-allowance.ts";
import { noPast } from "../session/viewer-past.ts";
import { sightOf } from "../session/visible-readings.ts";
import {
  addTopics,
  isPaidAck,
  reachMark,
  reviveWatches,
  roomOf,
  takeViewerFrame,
  type ViewerState,
} from "../session/viewer.ts";
import { tags } from "./attachments.ts";
import type { ObjectState } from "./object-state.ts";
import { redeemTicket } from "./redeem-ticket.ts";
import { sendError } from "./socket-errors.ts";
import { ViewerInputs, type SendInput } from "./viewer-inputs.ts";
import { encodeForViewers, ViewerSeats } from "./viewer-seats.ts";
import { ViewerTelemetry } from "./viewer-telemetry.ts";

type Output = Extract<BridgeToRelay, { type: "output" }>;
type Gap = Extract<BridgeToRelay, { type: "gap" }>;

/** What a viewer's frame means for the bridge: `null` when nothing. */
export type InterestChange = { readonly asked: ReadonlySet<RunId> } | null;

/** Whether somebody got a piece of output, and whether somebody fell behind or reached the end by it. */
export interface Forwarded {
  readonly isTaken: boolean;
  readonly isInterestChanged: boolean;
}

/** What becomes of a watch by what is offered to its viewer: `undefined` when the viewer does not get it. */
type Take = (watch: OutputWatch, viewer: ViewerState) => OutputWatch | undefined;

const noRuns: ReadonlySet<RunId> = new Set();

/** The viewers of one server: lets them in, and passes on to each what it watches. */
export class ViewerHall {
  readonly telemetry: ViewerTelemetry;
  readonly inputs: ViewerInputs;
  readonly #state: ObjectState;
  readonly #seats: ViewerSeats;
  readonly #rates = new FrameRates();
  #hasDeadlineChanged = false;

  constructor(state: ObjectState, sendInput: SendInput) {
    this.#state = state;
    this.#seats = new ViewerSeats(state.ctx.getWebSockets(tags.viewer));
    this.telemetry = new ViewerTelemetry(state.sql, this.#seats);
    this.inputs = new ViewerInputs(this.#seats, sendInput);
  }

  /** Lets a viewer in by its ticket, or says why not. */
  async open(
    socket: WebSocket,
    visit: { readonly ticket: string; readonly features: readonly ViewerFeature[] },
    server: { readonly serverId: ServerId; readonly isOnline: boolean },
  ): Promise<void> {
    const ticket = await this.#redeem(visit.ticket, server.serverId);
    const admitted = ticket.ok && this.#seats.size >= limits.viewersPerServer ? tooMany() : ticket;
    if (!admitted.ok) {
      // Closed at once, so it needs no hibernation; a hibernating socket would hold back a close before the upgrade's end.
      socket.accept();
      sendError(socket, admitted.error);
      return;
    }
    const { userId, orgId, topics } = admitted.value;
    const expiresAtMs = connectionExpiryMs(admitted.value, Date.now());
    this.#state.ctx.acceptWebSocket(socket, [tags.viewer]);
    this.#seats.set(socket, {
      kind: "viewer",
      userId,
      orgId,
      topics: [...new Set(topics)],
      features: visit.features,
      expiresAtMs,
      isWatchingTelemetry: false,
      watches: [],
      marks: 0,
      unread: nothingUnread,
      past: noPast,
    });
    this.#seats.send(socket, { type: "authorized", topics, expiresAtMs });
    const sinceMs = this.#state.server().sinceMs;
    this.#seats.send(socket, { type: "server", isOnline: server.isOnline, sinceMs });
  }

  async message(socket: WebSocket, text: string, serverId: ServerId): Promise<InterestChange> {
    const viewer = this.#seats.get(socket);
    if (!viewer) return null; // Refused or closing.
    this.#seats.expectAnswer(socket);
    const decoded = decodeFrame(viewerToRelaySchema, text);
    if (!decoded.ok) return this.#refuse(socket, decoded.error);
    const frame = decoded.value;
    const isPaid = isPaidAck(viewer, frame) || (frame.type === "input" && frame.data !== "");
    if (!isPaid && !this.#rates.admits(socket, Date.now())) {
      return this.#refuse(socket, { code: "RATE_LIMITED", message: "This connection sends too many frames." });
    }
    if (frame.type === "authorize") return await this.#authorize(socket, frame.ticket, serverId);
    if (viewer.expiresAtMs <= Date.now()) return this.#expireViewer(socket);
    if (frame.type === "reached") return this.#reached(socket, viewer, frame.number);
    if (frame.type === "input") {
      const taken = this.inputs.take(socket, viewer, frame);
      return taken.ok ? null : this.#refuse(socket, taken.error);
    }
    const step = takeViewerFrame(viewer, frame, behindAllowance(this.#seats.viewers));
    if (!step.ok) return this.#refuse(socket, step.error);
    if (
      frame.type === "watchOutput" &&
      countWatchedRuns([...this.#seats.viewers, step.value.viewer]) > maxWatchedRuns
    ) {
      return this.#refuse(socket, { code: "RATE_LIMITED", message: "Too many runs are watched on this server." });
    }
    this.#seats.set(socket, step.value.viewer);
    this.#markUnread(socket);
    if (step.value.historyMs !== null)
      this.telemetry.wantPast(socket, viewer.isWatchingTelemetry, step.value.historyMs);
    if (!step.value.isInterestChanged) return null;
    return { asked: step.value.asked === null ? noRuns : new Set([step.value.asked]) };
  }

  /** Forgets a viewer that has gone. Returns whether the bridge must hear of it. */
  closed(socket: WebSocket): boolean {
    const viewer = this.#seats.remove(socket);
    return viewer !== undefined && (viewer.isWatchingTelemetry || viewer.watches.length > 0);
  }

  /** Closes the connections whose tickets ran out. Returns whether the bridge must hear of it. */
  expire(nowMs: number): boolean {
    const expired = [...this.#seats].filter(([, viewer]) => viewer.expiresAtMs <= nowMs);
    for (const [socket] of expired) this.#expireViewer(socket);
    return expired.length > 0;
  }

  /** Closes the connections of a user whose right was taken away. Returns how many. */
  endConnections(userId: UserId): number {
    const revoked = [...this.#seats].filter(([, viewer]) => viewer.userId === userId);
    for (const [socket] of revoked) {
      this.#refuse(socket, { code: "REVOKED", message: "Your right to watch this server was taken away." });
    }
    return revoked.length;
  }

  nextExpiryMs(): number | null {
    const times = [...this.#seats.viewers].map((viewer) => viewer.expiresAtMs);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Whether a ticket was used since the last call, which moves when something of the viewers is due. */
  takeDeadlineChange(): boolean {
    const hasChanged = this.#hasDeadlineChanged;
    this.#hasDeadlineChanged = false;
    return hasChanged;
  }

  interest(asked: ReadonlySet<RunId> | "all"): Interest {
    const isKnownThere = (runId: RunId) => !this.#state.desk.isWaiting(runId);
    return interestOf(this.#seats.viewers, { asked, isKnownThere });
  }

  /** Runs went to the bridge. Returns those that somebody watches. */
  dispatched(runIds: readonly RunId[]): ReadonlySet<RunId> {
    const ids = new Set(runIds);
    const watched = new Set<RunId>();
    for (const [socket, viewer] of this.#seats) {
      const revived = reviveWatches(viewer, ids);
      if (revived !== viewer) this.#seats.set(socket, revived);
      for (const watch of revived.watches) if (ids.has(watch.runId)) watched.add(watch.runId);
    }
    return watched;
  }

  announce(server: { readonly isOnline: boolean; readonly sinceMs: number }): void {
    this.inputs.clear();
    const text = encodeForViewers({ type: "server", ...server });
    const nowMs = Date.now();
    for (const seat of this.#seats) this.#seats.sendText(seat, text, nowMs);
  }

  /** Passes a piece on to whom it is news. */
  output({ runId, offset, data, isEnd }: Output): Forwarded {
    const piece = { offset, length: clearLength(data), isEnd };
    const allowance = behindAllowance(this.#seats.viewers);
    return this.#forward(runId, encodeForViewers({ type: "output", runId, offset, data, isEnd }), (watch, viewer) =>
      offerPiece(watch, piece, roomOf(viewer, allowance)),
    );
  }

  /** Passes on that bytes are gone. Returns whether interest changed. */
  gap({ runId, fromOffset, toOffset, reason }: Gap): boolean {
    const text = encodeForViewers({ type: "gap", stream: "output", runId, fromOffset, toOffset, reason });
    return this.#forward(runId, text, (watch) => skipGap(watch, { fromOffset, toOffset })).isInterestChanged;
  }

  #markUnread(socket: WebSocket): void {
    if (!needsMark(this.#seats.get(socket)?.unread ?? nothingUnread)) return;
    this.#seats.mark(socket, (viewer, mark) => ({ ...viewer, unread: markUnread(viewer.unread, mark) }));
  }

  #reached(socket: WebSocket, viewer: ViewerState, mark: number): InterestChange {
    const reached = reachMark(viewer, mark, behindAllowance(this.#seats.viewers));
    this.#seats.set(socket, reached.viewer);
    this.telemetry.reached(socket, mark);
    this.#markUnread(socket);
    return reached.asked.size > 0 ? { asked: reached.asked } : null;
  }

  #forward(runId: RunId, text: string, take: Take): Forwarded {
    let isTaken = false;
    let isInterestChanged = false;
    const nowMs = Date.now();
    for (const [socket, viewer] of this.#seats) {
      const watch = viewer.watches.find((other) => other.runId === runId);
      const next = watch && take(watch, viewer);
      if (!next) continue;
      isInterestChanged ||= next.state !== "live";
      const watches =
        viewer.watches.length === 1 ? [next] : viewer.watches.map((other) => (other === watch ? next : other));
      const moved = { ...viewer, watches };
      this.#seats.setUnstored(socket, moved);
      isTaken = this.#seats.sendText([socket, moved], text, nowMs) || isTaken;
    }
    return { isTaken, isInterestChanged };
  }

  async #redeem(text: string, serverId: ServerId): Promise<Result<Ticket>> {
    const ticket = await redeemTicket(this.#state, text, serverId);
    if (ticket.ok) this.#hasDeadlineChanged = true;
    return ticket;
  }

  async #authorize(socket: WebSocket, text: string, serverId: ServerId): Promise<InterestChange> {
    const ticket = await this.#redeem(text, serverId);
    if (!ticket.ok) return this.#refuse(socket, ticket.error);
    const viewer = this.#seats.get(socket);
    if (!viewer) return null; // It left while the ticket was checked.
    const judged = judgeRenewal(viewer, ticket.value);
    if (!judged.ok) return this.#refuse(socket, judged.error);
    const added = addTopics(viewer, ticket.value.topics, connectionExpiryMs(ticket.value, Date.now()));
    if (!added.ok) return this.#refuse(socket, added.error);
    this.#seats.set(socket, added.value);
    const { topics, expiresAtMs } = added.value;
    this.#seats.send(socket, { type: "authorized", topics: [...topics], expiresAtMs });
    if (sightOf(added.value) !== sightOf(viewer)) this.telemetry.seesMore(socket);
    return null;
  }

  #refuse(socket: WebSocket, error: Refusal): InterestChange {
    this.#seats.flush(socket);
    const isClosed = sendError(socket, error);
    return isClosed && this.closed(socket) ? { asked: noRuns } : null;
  }

  #expireViewer(socket: WebSocket): InterestChange {
    const message = "This connection's ticket has expired. Connect again with a new one.";
    return this.#refuse(socket, { code: "TICKET_EXPIRED", message });
  }
}

function tooMany(): Result<never> {
  return refuse("RATE_LIMITED", `At most ${limits.viewersPerServer} viewers may watch one server.`);
}
