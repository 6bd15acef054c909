import { accept, refuse, type Refusal, type Result } from "@quarterdeck/core/errors/result";
import type { RunId, ServerId, UserId } from "@quarterdeck/core/ids";
import type { BridgeToRelay } from "@quarterdeck/core/protocol/bridge-to-relay";
import type { CompactReadings } from "@quarterdeck/core/protocol/compact-readings";
import { decodeFrame, encodeFrame } from "@quarterdeck/core/protocol/codec";
import { trustedKeys } from "@quarterdeck/core/protocol/key-set";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { ViewerFrame } from "@quarterdeck/core/protocol/relay-to-viewer";
import type { InputState, RunInput } from "@quarterdeck/core/protocol/run-input";
import { openSigned } from "@quarterdeck/core/protocol/signing";
import { decodeTicket, ticketSchema, type Ticket } from "@quarterdeck/core/protocol/ticket";
import type { ViewerFeature } from "@quarterdeck/core/protocol/viewer-features";
import { viewerToRelaySchema } from "@quarterdeck/core/protocol/viewer-to-relay";
import { FrameRates } from "../session/frame-rate.ts";
import { InputWindow } from "../session/input-window.ts";
import { countWatchedRuns, interestOf, maxWatchedRuns, type Interest } from "../session/interest.ts";
import { clearLength } from "@quarterdeck/core/protocol/content-format";
import { offerPiece, skipGap, type OutputWatch } from "../session/output-watch.ts";
import { TelemetryFlow, type TelemetryStep } from "../session/telemetry-flow.ts";
import { behindAllowance } from "../session/viewer-allowance.ts";
import { connectionExpiryMs, judgeRenewal, judgeTicket } from "../session/viewer-access.ts";
import { RecentReadings } from "../session/recent-readings.ts";
import { inFrames, type History } from "../session/telemetry-history.ts";
import { markUnread, needsMark, nothingUnread } from "../session/unread-output.ts";
import { askPast, missPast, noPast } from "../session/viewer-past.ts";
import {
  addTopics,
  isPaidAck,
  notInTicket,
  reachMark,
  reviveWatches,
  roomOf,
  takeViewerFrame,
  type ViewerState,
} from "../session/viewer.ts";
import { findRevocation } from "../storage/revoked-viewers.ts";
import { useTicket } from "../storage/used-tickets.ts";
import { tags } from "./attachments.ts";
import type { ObjectState } from "./object-state.ts";
import { takePast } from "./past-frames.ts";
import { sendError, trySend } from "./socket-errors.ts";
import { ViewerPost } from "./viewer-post.ts";

type Output = Extract<BridgeToRelay, { type: "output" }>;
type Gap = Extract<BridgeToRelay, { type: "gap" }>;

/** What a viewer's frame means for the bridge: `null` when nothing. */
export type InterestChange = { readonly asked: ReadonlySet<RunId> } | null;

/** Whether somebody got a piece of output, and whether somebody fell behind or reached the end by it. */
export interface Forwarded {
  readonly isTaken: boolean;
  readonly isInterestChanged: boolean;
}

/** Passes input on to the bridge, or says why it does not reach it. */
type SendInput = (input: RunInput) => Refusal | null;

/** What becomes of a watch by what is offered to its viewer: `undefined` when the viewer does not get it. */
type Take = (watch: OutputWatch, viewer: ViewerState) => OutputWatch | undefined;

/** A viewer and its socket. */
type Seat = readonly [WebSocket, ViewerState];

const noRuns: ReadonlySet<RunId> = new Set();

function encode(frame: ViewerFrame): string {
  return encodeFrame(frame);
}

/** The viewers of one server: lets them in, and passes on to each what it watches. */
export class ViewerHall {
  readonly #state: ObjectState;
  /** A cache of the sockets' attachments. */
  readonly #viewers = new Map<WebSocket, ViewerState>();
  readonly #rates = new FrameRates();
  readonly #post = new ViewerPost((socket) => this.#store(socket));
  /** Viewers whose attachment is older than what is known of them. */
  readonly #unstored = new Set<WebSocket>();
  readonly #sendInput: SendInput;
  readonly #inputs = new WeakMap<WebSocket, InputWindow>();
  readonly #flows = new WeakMap<WebSocket, TelemetryFlow>();
  readonly #recent = new RecentReadings();
  #hasDeadlineChanged = false;

  constructor(state: ObjectState, sendInput: SendInput) {
    this.#state = state;
    this.#sendInput = sendInput;
    for (const socket of state.ctx.getWebSockets(tags.viewer)) {
      if (socket.readyState === WebSocket.OPEN)
        this.#viewers.set(socket, socket.deserializeAttachment() as ViewerState);
    }
  }

  /** Lets a viewer in by its ticket, or says why not. */
  async open(
    socket: WebSocket,
    visit: { readonly ticket: string; readonly features: readonly ViewerFeature[] },
    server: { readonly serverId: ServerId; readonly isOnline: boolean },
  ): Promise<void> {
    const ticket = await this.#redeem(visit.ticket, server.serverId);
    const admitted = ticket.ok && this.#viewers.size >= limits.viewersPerServer ? tooMany() : ticket;
    if (!admitted.ok) {
      // Closed at once, so it needs no hibernation; a hibernating socket would hold back a close before the upgrade's end.
      socket.accept();
      sendError(socket, admitted.error);
      return;
    }
    const { userId, orgId, topics } = admitted.value;
    const expiresAtMs = connectionExpiryMs(admitted.value, Date.now());
    this.#state.ctx.acceptWebSocket(socket, [tags.viewer]);
    this.#set(socket, {
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
    this.#send(socket, { type: "authorized", topics, expiresAtMs });
    const sinceMs = this.#state.server().sinceMs;
    this.#send(socket, { type: "server", isOnline: server.isOnline, sinceMs });
  }

  async message(socket: WebSocket, text: string, serverId: ServerId): Promise<InterestChange> {
    const viewer = this.#viewers.get(socket);
    if (!viewer) return null; // Refused or closing.
    this.#post.heard(socket);
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
    if (frame.type === "input") return this.#input(socket, viewer, frame);
    const step = takeViewerFrame(viewer, frame, behindAllowance(this.#viewers.values()));
    if (!step.ok) return this.#refuse(socket, step.error);
    if (
      frame.type === "watchOutput" &&
      countWatchedRuns([...this.#viewers.values(), step.value.viewer]) > maxWatchedRuns
    ) {
      return this.#refuse(socket, { code: "RATE_LIMITED", message: "Too many runs are watched on this server." });
    }
    this.#set(socket, step.value.viewer);
    this.#markUnread(socket);
    if (step.value.historyMs !== null) this.#wantPast(socket, viewer.isWatchingTelemetry, step.value.historyMs);
    if (!step.value.isInterestChanged) return null;
    return { asked: step.value.asked === null ? noRuns : new Set([step.value.asked]) };
  }

  /** Forgets a viewer that has gone. Returns whether the bridge must hear of it. */
  closed(socket: WebSocket): boolean {
    const viewer = this.#viewers.get(socket);
    this.#viewers.delete(socket);
    this.#unstored.delete(socket);
    return viewer !== undefined && (viewer.isWatchingTelemetry || viewer.watches.length > 0);
  }

  /** Closes the connections whose tickets ran out. Returns whether the bridge must hear of it. */
  expire(nowMs: number): boolean {
    const expired = [...this.#viewers].filter(([, viewer]) => viewer.expiresAtMs <= nowMs);
    for (const [socket] of expired) this.#expireViewer(socket);
    return expired.length > 0;
  }

  /** Closes the connections of a user whose right was taken away. Returns how many. */
  endConnections(userId: UserId): number {
    const revoked = [...this.#viewers].filter(([, viewer]) => viewer.userId === userId);
    for (const [socket] of revoked) {
      this.#refuse(socket, { code: "REVOKED", message: "Your right to watch this server was taken away." });
    }
    return revoked.length;
  }

  nextExpiryMs(): number | null {
    const times = [...this.#viewers.values()].map((viewer) => viewer.expiresAtMs);
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
    return interestOf(this.#viewers.values(), { asked, isKnownThere });
  }

  /** Runs went to the bridge. Returns those that somebody watches. */
  dispatched(runIds: readonly RunId[]): ReadonlySet<RunId> {
    const ids = new Set(runIds);
    const watched = new Set<RunId>();
    for (const [socket, viewer] of this.#viewers) {
      const revived = reviveWatches(viewer, ids);
      if (revived !== viewer) this.#set(socket, revived);
      for (const watch of revived.watches) if (ids.has(watch.runId)) watched.add(watch.runId);
    }
    return watched;
  }

  /** Passes on how far input has come, to whoever may type into the run. Returns whether somebody waited for it. */
  inputState({ runId, writer, through, turn, code, message }: InputState): boolean {
    const state: InputState = { type: "inputState", runId, writer, through, turn, code, message };
    const text = encode(state);
    let isAwaited = false;
    const nowMs = Date.now();
    for (const seat of this.#viewers) {
      const [socket, viewer] = seat;
      if (!viewer.topics.includes(`input:${runId}`)) continue;
      this.#sendText(seat, text, nowMs);
      if (!this.#inputs.get(socket)?.answered(state)) continue;
      isAwaited = true;
      this.#post.heard(socket); // Whoever types waits for the echo, which follows.
    }
    return isAwaited;
  }

  announce(server: { readonly isOnline: boolean; readonly sinceMs: number }): void {
    for (const socket of this.#viewers.keys()) this.#inputs.get(socket)?.clear();
    const text = encode({ type: "server", ...server });
    const nowMs = Date.now();
    for (const seat of this.#viewers) this.#sendText(seat, text, nowMs);
  }

  /** Passes readings on as they came. */
  telemetry(readings: CompactReadings): void {
    this.#recent.add(readings);
    const text = encode({ type: "telemetry", readings: [...readings] });
    const nowMs = Date.now();
    for (const seat of this.#viewers) {
      const [socket, viewer] = seat;
      if (!viewer.isWatchingTelemetry) continue;
      if (!viewer.features.includes("checkpoint")) this.#sendText(seat, text, nowMs);
      else this.#sendTelemetry(socket, this.#flowOf(socket).offer(readings), { readings, text, nowMs });
    }
  }

  /** Passes a piece on to whom it is news. */
  output({ runId, offset, data, isEnd }: Output): Forwarded {
    const piece = { offset, length: clearLength(data), isEnd };
    const allowance = behindAllowance(this.#viewers.values());
    return this.#forward(runId, encode({ type: "output", runId, offset, data, isEnd }), (watch, viewer) =>
      offerPiece(watch, piece, roomOf(viewer, allowance)),
    );
  }

  /** Passes on that bytes are gone. Returns whether interest changed. */
  gap({ runId, fromOffset, toOffset, reason }: Gap): boolean {
    const text = encode({ type: "gap", stream: "output", runId, fromOffset, toOffset, reason });
    return this.#forward(runId, text, (watch) => skipGap(watch, { fromOffset, toOffset })).isInterestChanged;
  }

  /**
   * Passes on readings from before, which the bridge could not send when it took them and the storage has now. Who has
   * a stretch of the past on the way, or does not look just now, gets them from there.
   */
  history(history: History): void {
    const nowMs = Date.now();
    const texts = [...inFrames(history)].map((frame) => encode({ type: "history", ...frame }));
    for (const [socket, viewer] of this.#viewers) {
      const isBehind = viewer.past.mark !== null || viewer.past.due !== null;
      if (viewer.isWatchingTelemetry && !isBehind) {
        for (const text of texts) this.#sendText([socket, viewer], text, nowMs);
        this.#markPast(socket);
      } else if (viewer.isWatchingTelemetry || viewer.past.coveredFromMs !== null) {
        this.#set(socket, { ...viewer, past: missPast(viewer.past, history) });
      }
    }
  }

  #wantPast(socket: WebSocket, wasWatching: boolean, historyMs: number): void {
    const viewer = this.#viewers.get(socket);
    if (!viewer) return;
    // Whoever answers no marks gets the recent readings once.
    const isRecentDue = viewer.past.isRecentDue || (!wasWatching && viewer.features.includes("checkpoint"));
    this.#set(socket, { ...viewer, past: { ...askPast(viewer.past, historyMs, Date.now()), isRecentDue } });
    this.#sendPast(socket);
  }

  #sendPast(socket: WebSocket): void {
    const viewer = this.#viewers.get(socket);
    if (!viewer?.isWatchingTelemetry) return;
    const source = { sql: this.#state.sql, recent: this.#recent, nowMs: Date.now() };
    const { past, frames } = takePast(viewer.past, source);
    this.#set(socket, { ...viewer, past });
    for (const frame of frames) this.#send(socket, frame);
    if (frames.length > 0 && !this.#markPast(socket)) this.#sendPast(socket);
  }

  /** Returns whether the viewer is waited for. */
  #markPast(socket: WebSocket): boolean {
    return this.#mark(socket, (viewer, mark) => ({ ...viewer, past: { ...viewer.past, mark } }));
  }

  #markUnread(socket: WebSocket): void {
    if (!needsMark(this.#viewers.get(socket)?.unread ?? nothingUnread)) return;
    this.#mark(socket, (viewer, mark) => ({ ...viewer, unread: markUnread(viewer.unread, mark) }));
  }

  #mark(socket: WebSocket, note: (viewer: ViewerState, mark: number) => ViewerState): boolean {
    if (this.#viewers.get(socket)?.features.includes("checkpoint") !== true) return false;
    const number = this.#takeMark(socket);
    const viewer = this.#viewers.get(socket);
    if (viewer) this.#set(socket, note(viewer, number));
    this.#send(socket, { type: "checkpoint", number });
    return true;
  }

  #takeMark(socket: WebSocket): number {
    const viewer = this.#viewers.get(socket);
    if (!viewer) return 0;
    this.#set(socket, { ...viewer, marks: viewer.marks + 1 });
    return viewer.marks + 1;
  }

  #reached(socket: WebSocket, viewer: ViewerState, mark: number): InterestChange {
    const reached = reachMark(viewer, mark, behindAllowance(this.#viewers.values()));
    this.#set(socket, reached.viewer);
    this.#sendTelemetry(socket, this.#flows.get(socket)?.reached(mark));
    this.#sendPast(socket);
    this.#markUnread(socket);
    return reached.asked.size > 0 ? { asked: reached.asked } : null;
  }

  #forward(runId: RunId, text: string, take: Take): Forwarded {
    let isTaken = false;
    let isInterestChanged = false;
    const nowMs = Date.now();
    for (const [socket, viewer] of this.#viewers) {
      const watch = viewer.watches.find((other) => other.runId === runId);
      const next = watch && take(watch, viewer);
      if (!next) continue;
      isInterestChanged ||= next.state !== "live";
      const watches =
        viewer.watches.length === 1 ? [next] : viewer.watches.map((other) => (other === watch ? next : other));
      const moved = { ...viewer, watches };
      this.#viewers.set(socket, moved);
      // What was sent and what the attachment says of it go out together, once for many pieces.
      this.#unstored.add(socket);
      isTaken = this.#sendText([socket, moved], text, nowMs) || isTaken;
    }
    return { isTaken, isInterestChanged };
  }

  async #redeem(text: string, serverId: ServerId): Promise<Result<Ticket>> {
    const decoded = decodeTicket(text);
    if (!decoded.ok) return decoded;
    const keys = trustedKeys(this.#state.trust.keys);
    const opened = await openSigned(decoded.value, { keys, domain: "ticket", schema: ticketSchema });
    if (!opened.ok) return refuse("TOKEN_INVALID", "This is not a viewer ticket of this platform.");
    const { orgId } = this.#state.server();
    const revokedAtMs = findRevocation(this.#state.sql, opened.value.userId);
    const judged = judgeTicket({ serverId, orgId, nowMs: Date.now(), revokedAtMs }, opened.value);
    if (!judged.ok) return judged;
    this.#hasDeadlineChanged = true;
    if (!useTicket(this.#state.sql, opened.value.ticketId, opened.value.expiresAtMs)) {
      return refuse("TOKEN_USED", "This ticket was used before. Ask the platform for another one.");
    }
    return accept(opened.value);
  }

  async #authorize(socket: WebSocket, text: string, serverId: ServerId): Promise<InterestChange> {
    const ticket = await this.#redeem(text, serverId);
    if (!ticket.ok) return this.#refuse(socket, ticket.error);
    const viewer = this.#viewers.get(socket);
    if (!viewer) return null; // It left while the ticket was checked.
    const judged = judgeRenewal(viewer, ticket.value);
    if (!judged.ok) return this.#refuse(socket, judged.error);
    const added = addTopics(viewer, ticket.value.topics, connectionExpiryMs(ticket.value, Date.now()));
    if (!added.ok) return this.#refuse(socket, added.error);
    this.#set(socket, added.value);
    const { topics, expiresAtMs } = added.value;
    this.#send(socket, { type: "authorized", topics: [...topics], expiresAtMs });
    return null;
  }

  #send(socket: WebSocket, frame: ViewerFrame): void {
    const viewer = this.#viewers.get(socket);
    if (viewer) this.#sendText([socket, viewer], encode(frame), Date.now());
  }

  /** Sends a frame, with others in one message where the page knows that (PROTOCOL 6.8). Returns whether it is there. */
  #sendText([socket, { features }]: Seat, text: string, nowMs: number): boolean {
    if (features.includes("batch")) return this.#post.send(socket, text, nowMs);
    this.#store(socket);
    return trySend(socket, text);
  }

  #flowOf(socket: WebSocket): TelemetryFlow {
    const flow = this.#flows.get(socket) ?? new TelemetryFlow(() => this.#takeMark(socket));
    this.#flows.set(socket, flow);
    return flow;
  }

  /** `encoded`: the frame's text where it was written for others already. */
  #sendTelemetry(
    socket: WebSocket,
    step: TelemetryStep | undefined,
    encoded?: { readonly readings: CompactReadings; readonly text: string; readonly nowMs: number },
  ): void {
    const viewer = this.#viewers.get(socket);
    if (!viewer || !step) return;
    const { readings, checkpoint } = step;
    if (readings === encoded?.readings) this.#sendText([socket, viewer], encoded.text, encoded.nowMs);
    else if (readings.length > 0) this.#send(socket, { type: "telemetry", readings: [...readings] });
    if (checkpoint !== null) this.#send(socket, { type: "checkpoint", number: checkpoint });
  }

  #input(socket: WebSocket, viewer: ViewerState, input: RunInput): InterestChange {
    const { runId, writer } = input;
    const topic = `input:${runId}` as const;
    if (!viewer.topics.includes(topic)) {
      const refused = notInTicket(topic);
      return refused.ok ? null : this.#refuse(socket, refused.error);
    }
    const window = this.#inputs.get(socket) ?? new InputWindow();
    this.#inputs.set(socket, window);
    if (!window.admits(input)) {
      return this.#refuse(socket, {
        code: "RATE_LIMITED",
        message: "More input is on the way than the window allows.",
      });
    }
    const refused = this.#sendInput(input);
    if (refused === null) return null;
    const state: InputState = { type: "inputState", runId, writer, through: 0, turn: null, ...refused };
    window.answered(state);
    this.#send(socket, state);
    return null;
  }

  #refuse(socket: WebSocket, error: Refusal): InterestChange {
    this.#post.flush(socket, Date.now());
    const isClosed = sendError(socket, error);
    return isClosed && this.closed(socket) ? { asked: noRuns } : null;
  }

  #expireViewer(socket: WebSocket): InterestChange {
    const message = "This connection's ticket has expired. Connect again with a new one.";
    return this.#refuse(socket, { code: "TICKET_EXPIRED", message });
  }

  #set(socket: WebSocket, viewer: ViewerState): void {
    this.#viewers.set(socket, viewer);
    this.#unstored.add(socket);
    this.#store(socket);
  }

  #store(socket: WebSocket): void {
    const viewer = this.#viewers.get(socket);
    if (this.#unstored.delete(socket) && viewer) socket.serializeAttachment(viewer);
  }
}

function tooMany(): Result<never> {
  return refuse("RATE_LIMITED", `At most ${limits.viewersPerServer} viewers may watch one server.`);
}
