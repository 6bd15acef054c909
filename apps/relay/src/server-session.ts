import { DurableObject } from "cloudflare:workers";
import type { RunId, ServerId } from "@quarterdeck/core/ids";
import { bridgeToRelaySchema } from "@quarterdeck/core/protocol/bridge-to-relay";
import { decodeFrame } from "@quarterdeck/core/protocol/codec";
import { heartbeat, limits } from "@quarterdeck/core/protocol/limits";
import type { OutboxEntry, WaitingAnswer } from "@quarterdeck/core/protocol/relay-api";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import { readFeatures } from "@quarterdeck/core/protocol/viewer-features";
import { hourMs } from "@quarterdeck/core/units";
import { readSettings, type Env } from "./env.ts";
import { resumeStreams, takeKeysVersion } from "./server/bridge-streams.ts";
import { ApiClient } from "./server/api-client.ts";
import { isBridge } from "./server/attachments.ts";
import { BridgeLink } from "./server/bridge-link.ts";
import type { Accepted } from "./server/bridge-handshake.ts";
import { CommandRenewal } from "./server/command-renewal.ts";
import { describeFailure } from "./server/describe-failure.ts";
import { LiveFrames } from "./server/live-frames.ts";
import { ObjectAlarm } from "./server/object-alarm.ts";
import { ObjectState } from "./server/object-state.ts";
import { ObjectUpkeep } from "./server/object-upkeep.ts";
import { openEntries } from "./server/outbox-entries.ts";
import { ReportDelivery } from "./server/report-delivery.ts";
import { RunDispatch } from "./server/run-dispatch.ts";
import { RunLeases } from "./server/run-leases.ts";
import { logFailure, sendError } from "./server/socket-errors.ts";
import { TelemetryReport } from "./server/telemetry-report.ts";
import { ViewerHall, type InterestChange } from "./server/viewer-hall.ts";
import { restartGraceMs, revocationMemoryMs, ticketMemoryMs } from "./session/alarm-schedule.ts";
import { forgetEndedBefore } from "./storage/ended-runs.ts";
import { migrate } from "./storage/migrations.ts";
import { appendReport } from "./storage/reports.ts";
import { forgetRevocations } from "./storage/revoked-viewers.ts";
import { updateServer } from "./storage/server-record.ts";
import { forgetTickets, nextTicketExpiry } from "./storage/used-tickets.ts";

/** How long an ended run's id is remembered, for repeats and late cancels. */
const endedMemoryMs = 48 * hourMs;
const noRuns: ReadonlySet<RunId> = new Set();

/**
 * One server's object: turns the platform's events into calls, each of which stores what it decides before anything is
 * sent. What is in memory is a cache; the constructor finds everything again in storage and in the sockets' attachments.
 */
export class ServerSession extends DurableObject<Env> {
  readonly #state: ObjectState;
  readonly #delivery: ReportDelivery;
  readonly #alarm: ObjectAlarm;
  readonly #upkeep: ObjectUpkeep;
  readonly #renewal: CommandRenewal;
  readonly #bridge: BridgeLink;
  readonly #viewers: ViewerHall;
  readonly #dispatch: RunDispatch;
  readonly #leases: RunLeases;
  readonly #liveFrames: LiveFrames;
  /** When this instance found the server marked online without a connection: a restart cut it. */
  #missedSinceMs: number | null = null;
  #isPurged = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#state = new ObjectState(ctx, readSettings(env));
    const api = new ApiClient(env, this.#state.settings.serviceKey);
    this.#delivery = new ReportDelivery(this.#state, api);
    this.#renewal = new CommandRenewal(this.#state, api);
    this.#alarm = new ObjectAlarm(ctx.storage);
    this.#upkeep = new ObjectUpkeep({
      ctx,
      delivery: this.#delivery,
      alarm: this.#alarm,
      deadlines: () => this.#deadlines(),
    });
    // SQL is synchronous, so the schema is there before anything below reads it; only the alarm's time must be awaited.
    ctx.storage.transactionSync(() => migrate(this.#state.sql));
    void ctx.blockConcurrencyWhile(() => this.#alarm.load());
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(heartbeat.ping, heartbeat.pong));
    this.#bridge = new BridgeLink(this.#state);
    this.#leases = new RunLeases(this.#state);
    this.#viewers = new ViewerHall(this.#state, (input) => this.#bridge.sendInput(input));
    const parts = { state: this.#state, bridge: this.#bridge, viewers: this.#viewers, upkeep: this.#upkeep };
    this.#dispatch = new RunDispatch({ ...parts, renewal: this.#renewal });
    const { sql } = this.#state;
    const report = new TelemetryReport({ ctx, sql, api, serverId: () => this.#state.serverId() });
    this.#liveFrames = new LiveFrames({ ...parts, dispatch: this.#dispatch, report });
    if (this.#state.server().isOnline && !this.#bridge.isConnected) this.#missedSinceMs = Date.now();
  }

  /** Upgrades `/bridge/:serverId` and `/viewer/:serverId`; the Worker has checked the path. */
  override async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const [, kind, serverId] = url.pathname.split("/");
    this.#wake();
    this.#state.setServerId(serverId as ServerId);
    const { 0: client, 1: socket } = new WebSocketPair();
    if (kind === "bridge") await this.#bridge.open(socket, Date.now());
    else {
      const isOnline = this.#bridge.isConnected;
      const ticket = url.searchParams.get("ticket") ?? "";
      const features = readFeatures(url.searchParams.get("features"));
      await this.#viewers.open(socket, { ticket, features }, { serverId: this.#state.serverId(), isOnline });
    }
    await this.#upkeep.settle();
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Takes outbox entries from the API. Answers up to where everything is stored. */
  async takeOutbox(serverId: ServerId, entries: readonly OutboxEntry[]): Promise<number> {
    this.#wake();
    this.#state.setServerId(serverId);
    const known = this.#state.server().outboxThrough;
    const fresh = entries.filter((entry) => entry.position > known);
    const opened = await openEntries(fresh, { serverId, trust: this.#state.trust });
    const told = opened.flatMap((entry) => ("opened" in entry && entry.opened ? [entry.opened] : []));
    for (const { problem } of told) if (problem) logFailure("the platform's keys", new Error(problem));
    const keyBefore = this.#state.server().publicKey;
    const through = this.#state.transact(() => this.#state.desk.takeEntries(opened, Date.now()));
    for (const entry of opened) {
      if (entry.kind !== "revokeViewers" || entry.position > through) continue;
      if (this.#viewers.endConnections(entry.userId) > 0) this.#dispatch.sendInterest(noRuns);
    }
    if (told.length > 0) {
      this.#state.forgetTrust();
      this.#bridge.sendKeys();
    }
    const server = this.#state.server();
    if (server.isRevoked) await this.#disconnect("REVOKED", "This server was removed from the platform.");
    else if (keyBefore !== null && keyBefore !== server.publicKey) {
      await this.#disconnect("SUPERSEDED", "This server was enrolled again with another key.");
    }
    this.#renewal.retryAt(Date.now());
    this.#dispatch.pump();
    this.#delivery.retryAt(Date.now());
    await this.#upkeep.settle();
    return through;
  }

  /** Why a run has not started. */
  explainWaiting(runId: RunId): WaitingAnswer {
    this.#wake();
    const answer = this.#state.desk.waiting(runId, Date.now());
    if (!answer.ok) throw new Error(answer.error.message);
    return { isOnline: this.#bridge.isConnected, ...answer.value };
  }

  /** Asks the bridge to come back before the relay is replaced. Returns whether one is connected. */
  drain(spreadMs: number | undefined): boolean {
    this.#wake();
    return this.#bridge.drain(spreadMs ?? this.#state.server().spreadMs);
  }

  /** Passes on how far the org's audit goes. Nothing is stored: the next one says more. Returns whether a bridge got it. */
  tellAuditHead(head: SignedText): boolean {
    this.#wake();
    return this.#bridge.sendAuditHead(head);
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    // Frames that were on the way when this end closed the connection.
    if (socket.readyState !== WebSocket.OPEN) return;
    try {
      if (typeof message !== "string") {
        sendError(socket, { code: "PROTOCOL_VIOLATION", message: "Frames are text." });
      } else if (isBridge(socket)) await this.#bridgeMessage(socket, message);
      else await this.#viewerMessage(socket, message);
    } catch (error) {
      logFailure("a WebSocket message", error);
      this.#state.forget();
      sendError(socket, describeFailure(error));
    }
  }

  override async webSocketClose(socket: WebSocket, code: number, _reason: string, wasClean: boolean): Promise<void> {
    await this.#closed(socket, { isAnswered: wasClean && code !== 1006 });
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.#closed(socket, { isAnswered: false });
  }

  override async alarm(): Promise<void> {
    this.#alarm.rang();
    try {
      this.#takeStock(Date.now());
    } catch (error) {
      logFailure("the alarm", error);
      this.#state.forget();
    }
    // Also after a failure: the platform gives up on an alarm that fails again and again, and nothing else would ring.
    await this.#upkeep.settle();
  }

  /** What is due: connections that are late, silent or expired, and records that may be forgotten. */
  #takeStock(nowMs: number): void {
    this.#bridge.closeLateHandshakes(nowMs);
    const heardMs = this.#bridge.heardMs();
    if (heardMs !== null && heardMs + limits.silenceMs <= nowMs) {
      this.#bridge.drop({ code: "SERVER_OFFLINE", message: "No heartbeat came." });
      this.#wentOffline("no heartbeat came");
    }
    const givenUpMs = this.#connectionGivenUpMs();
    if (givenUpMs !== null && givenUpMs <= nowMs) {
      this.#wentOffline("the relay was started again and the server has not come back yet");
    }
    this.#leases.look(nowMs);
    if (this.#viewers.expire(nowMs)) this.#dispatch.sendInterest(noRuns);
    const renewalsDueMs = this.#dispatch.renewalsDueMs();
    if (renewalsDueMs !== null && renewalsDueMs <= nowMs) this.#dispatch.pump();
    forgetTickets(this.#state.sql, nowMs - ticketMemoryMs);
    forgetRevocations(this.#state.sql, nowMs - revocationMemoryMs);
    forgetEndedBefore(this.#state.sql, nowMs - endedMemoryMs);
  }

  async #bridgeMessage(socket: WebSocket, text: string): Promise<void> {
    const decoded = decodeFrame(bridgeToRelaySchema, text);
    if (!decoded.ok) return this.#bridge.fail(socket, decoded.error);
    const frame = decoded.value;
    if (frame.type === "hello") {
      const { signed, signature } = frame;
      const accepted = await this.#bridge.hello(socket, { signed, signature }, this.#state.serverId());
      if (accepted) this.#welcome(socket, accepted);
      return this.#upkeep.settle();
    }
    if (this.#bridge.admits(socket, frame)) await this.#liveFrames.take(socket, frame);
  }

  /** Stores the new epoch and where both streams stand, then welcomes the bridge and goes on. */
  #welcome(socket: WebSocket, accepted: Accepted): void {
    const nowMs = Date.now();
    const { sql } = this.#state;
    const { hello, epoch } = accepted;
    this.#state.transact(() => {
      const { desk } = this.#state;
      const { isOnline, sinceMs } = this.#state.server();
      resumeStreams({ sql, desk }, hello, nowMs);
      desk.setCapacity(hello.capabilities, nowMs);
      desk.refuseUnsupported(hello.capabilities, nowMs);
      const { capabilities, bootId } = hello;
      updateServer(sql, {
        epoch,
        capabilities,
        bootId,
        isOnline: true,
        sinceMs: isOnline ? sinceMs : nowMs,
        absence: null,
        refusalCode: null,
      });
      appendReport(sql, { kind: "online", atMs: nowMs, epoch, bootId, capabilities });
      takeKeysVersion(sql, hello.keysVersion, nowMs);
    });
    this.#missedSinceMs = null;
    this.#bridge.welcome(socket, accepted, nowMs);
    this.#bridge.sendKeys();
    this.#renewal.retryAt(nowMs);
    this.#dispatch.pump();
    this.#bridge.sendInterest(this.#viewers.interest("all"));
    this.#viewers.announce({ isOnline: true, sinceMs: this.#state.server().sinceMs });
  }

  async #viewerMessage(socket: WebSocket, text: string): Promise<void> {
    const change: InterestChange = await this.#viewers.message(socket, text, this.#state.serverId());
    if (change) this.#dispatch.sendInterest(change.asked);
    // Most frames of viewers change no deadline, and looking after all of them costs more than the frame does.
    if (this.#viewers.takeDeadlineChange()) await this.#upkeep.settle();
  }

  async #closed(socket: WebSocket, how: { readonly isAnswered: boolean }): Promise<void> {
    try {
      this.#takeClose(socket, how);
    } catch (error) {
      logFailure("a closed WebSocket", error);
      this.#state.forget();
    }
    await this.#upkeep.settle();
    await this.#purgeIfBlank();
  }

  #takeClose(socket: WebSocket, { isAnswered }: { readonly isAnswered: boolean }): void {
    if (isBridge(socket)) {
      const was = this.#bridge.closed(socket);
      if (was.state === "live" && was.epoch === this.#state.server().epoch)
        this.#wentOffline("the connection was closed");
      if (was.state === "replaced" && isAnswered) {
        const { byEpoch: epoch, byBootId: bootId } = was;
        this.#state.transact(() =>
          appendReport(this.#state.sql, { kind: "duplicateKey", atMs: Date.now(), epoch, bootId }),
        );
      }
    } else if (this.#viewers.closed(socket)) this.#dispatch.sendInterest(noRuns);
  }

  /** A stranger's connection to a server that nobody announced leaves nothing behind. */
  async #purgeIfBlank(): Promise<void> {
    const isBlank = this.#state.server().outboxThrough === 0 && nextTicketExpiry(this.#state.sql) === null;
    if (!isBlank || this.ctx.getWebSockets().some((socket) => socket.readyState === WebSocket.OPEN)) return;
    await this.ctx.blockConcurrencyWhile(async () => {
      await this.ctx.storage.deleteAll();
      await this.ctx.storage.deleteAlarm();
      this.#state.forget();
      this.#isPurged = true;
    });
  }

  /** Makes the schema again for whoever calls an object that was purged and is still in memory. */
  #wake(): void {
    if (!this.#isPurged) return;
    this.#isPurged = false;
    this.#alarm.rang();
    this.ctx.storage.transactionSync(() => migrate(this.#state.sql));
  }

  async #disconnect(code: "REVOKED" | "SUPERSEDED", message: string): Promise<void> {
    if (!this.#bridge.isConnected) return;
    this.#bridge.drop({ code, message });
    this.#wentOffline(message);
  }

  #wentOffline(reason: string): void {
    this.#missedSinceMs = null;
    const sinceMs = Date.now();
    this.#state.transact(() => {
      if (!this.#state.server().isOnline) return;
      updateServer(this.#state.sql, { isOnline: false, sinceMs });
      this.#leases.begin(sinceMs);
      appendReport(this.#state.sql, { kind: "offline", atMs: sinceMs, reason });
    });
    this.#viewers.announce({ isOnline: false, sinceMs });
  }

  #connectionGivenUpMs(): number | null {
    return this.#missedSinceMs === null ? null : this.#missedSinceMs + restartGraceMs(this.#state.server().spreadMs);
  }

  #deadlines() {
    return {
      oldestHandshakeMs: this.#bridge.oldestHandshakeMs(),
      bridgeHeardMs: this.#bridge.heardMs(),
      connectionGivenUpMs: this.#connectionGivenUpMs(),
      renewalsDueMs: this.#dispatch.renewalsDueMs(),
      leasesDueMs: this.#leases.dueMs(Date.now()),
      nextTicketExpiryMs: nextTicketExpiry(this.#state.sql),
      nextViewerExpiryMs: this.#viewers.nextExpiryMs(),
    };
  }
}
