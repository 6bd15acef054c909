import type { Clock } from "@quarterdeck/core/clock";
import type { RunId, WorkspaceId } from "@quarterdeck/core/ids";
import { encodeFrame } from "@quarterdeck/core/protocol/codec";
import { heartbeat, limits } from "@quarterdeck/core/protocol/limits";
import { featuresText } from "@quarterdeck/core/protocol/viewer-features";
import type { Sample, TelemetryGap } from "@quarterdeck/core/protocol/telemetry";
import type { WorkspaceReading } from "@quarterdeck/core/protocol/workspace-readings";
import { secondMs } from "@quarterdeck/core/units";
import { toApiError } from "../api/api-error.ts";
import { PieceOpener, type RunKeys } from "./piece-opener.ts";
import type { Phase, Ticket, ViewerEffect, ViewerEvent } from "./session/viewer-events.ts";
import { ViewerSession } from "./session/viewer-session.ts";

const tickMs = secondMs / 4;

/** Where the output of one run goes. */
export interface OutputSink {
  /** Bytes that continue the output, each once and in order. */
  write(bytes: Uint8Array): void;
  end(): void;
  /** Bytes that nobody has any more; `toOffset` is null when everything from there on is gone. */
  gap(fromOffset: number, toOffset: number | null): void;
  /** What came could not be opened: no more will come. */
  unreadable(reason: string): void;
}

export interface TelemetrySink {
  /** How much of the past it wants. */
  readonly historyMs: number;
  readings(readings: { readonly samples: readonly Sample[]; readonly gaps: readonly TelemetryGap[] }): void;
}

export interface WorkspaceSink {
  readonly workspaceIds: readonly WorkspaceId[];
  /** Of these workspaces, and of others that are watched on the same server. */
  readings(readings: readonly WorkspaceReading[]): void;
}

/** What a ticket is asked for. */
export interface TicketWish {
  readonly telemetry: boolean;
  readonly workspaceIds: readonly WorkspaceId[];
  readonly runIds: readonly RunId[];
}

export interface ViewerConnectionOptions {
  readonly clock: Clock;
  readonly fetchTicket: (
    wish: TicketWish,
  ) => Promise<Omit<Ticket, keyof TicketWish> & { readonly contentKeys: RunKeys }>;
  readonly onPhase: (phase: Phase) => void;
  /** The relay's word on whether the server's bridge is connected. */
  readonly onServer: (isOnline: boolean, sinceMs: number) => void;
  readonly onRefused: (code: string, message: string) => void;
}

/** One WebSocket to one server's relay object, for every component that watches the server: the shell of ViewerSession. */
export class ViewerConnection {
  readonly #options: ViewerConnectionOptions;
  readonly #session: ViewerSession;
  readonly #opener: PieceOpener;
  readonly #outputs = new Map<RunId, OutputSink>();
  readonly #telemetry = new Set<TelemetrySink>();
  readonly #workspaces = new Set<WorkspaceSink>();
  #socket: WebSocket | null = null;
  #ticketNumber = 0;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(options: ViewerConnectionOptions) {
    this.#options = options;
    this.#session = new ViewerSession({ clock: options.clock, random: Math.random });
    this.#opener = new PieceOpener({
      fetchKeys: async (runId) =>
        (await options.fetchTicket({ telemetry: false, workspaceIds: [], runIds: [runId] })).contentKeys,
      onEvent: (event) => this.#handle(event),
    });
  }

  /** Starts to watch; the function that it returns stops. One sink a run: whoever comes later takes over. */
  watchOutput(runId: RunId, fromOffset: number, sink: OutputSink): () => void {
    this.#outputs.set(runId, sink);
    this.#handle({ type: "wantOutput", runId, fromOffset });
    return () => {
      if (this.#outputs.get(runId) !== sink) return;
      this.#outputs.delete(runId);
      this.#handle({ type: "dropOutput", runId });
    };
  }

  watchTelemetry(sink: TelemetrySink): () => void {
    this.#telemetry.add(sink);
    this.#wantTelemetry();
    return () => {
      this.#telemetry.delete(sink);
      this.#wantTelemetry();
    };
  }

  watchWorkspaces(sink: WorkspaceSink): () => void {
    this.#workspaces.add(sink);
    this.#wantWorkspaces();
    return () => {
      this.#workspaces.delete(sink);
      this.#wantWorkspaces();
    };
  }

  #wantWorkspaces(): void {
    const workspaceIds = [...new Set([...this.#workspaces].flatMap((sink) => sink.workspaceIds))];
    this.#handle({ type: "wantWorkspaces", workspaceIds: workspaceIds.slice(0, limits.workspacesPerTicket) });
  }

  #wantTelemetry(): void {
    const historyMs = Math.max(0, ...[...this.#telemetry].map((sink) => sink.historyMs));
    this.#handle({ type: "wantTelemetry", isWanted: this.#telemetry.size > 0, historyMs });
  }

  readonly #networkIsBack = (): void => this.#handle({ type: "networkIsBack" });

  #handle(event: ViewerEvent): void {
    for (const effect of this.#session.handle(event)) this.#carryOut(effect);
    const isActive = this.#session.phase !== "idle";
    if (isActive && this.#timer === null) {
      this.#timer = setInterval(() => this.#handle({ type: "tick" }), tickMs);
      window.addEventListener("online", this.#networkIsBack);
    } else if (!isActive && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
      window.removeEventListener("online", this.#networkIsBack);
    }
  }

  #carryOut(effect: ViewerEffect): void {
    switch (effect.type) {
      case "fetchTicket":
        void this.#fetchTicket(effect);
        return;
      case "connect":
        this.#connect(effect.path, effect.ticket);
        return;
      case "send":
        this.#send(encodeFrame(effect.frame));
        return;
      case "ping":
        this.#send(heartbeat.ping);
        return;
      case "disconnect":
        this.#disconnect();
        return;
      case "phase":
        this.#options.onPhase(effect.phase);
        return;
      case "readings":
        for (const sink of this.#telemetry) sink.readings(effect);
        if (effect.workspaces.length > 0) for (const sink of this.#workspaces) sink.readings(effect.workspaces);
        return;
      case "server":
        this.#options.onServer(effect.isOnline, effect.sinceMs);
        return;
      case "open":
        this.#opener.open(effect.runId, effect.piece);
        return;
      case "skip":
        this.#opener.afterPieces(effect.runId, () => this.#handle(effect));
        return;
      case "unreadable":
        this.#outputs.get(effect.runId)?.unreadable(effect.reason);
        return;
      case "output": {
        const sink = this.#outputs.get(effect.runId);
        sink?.write(effect.bytes);
        if (effect.isEnd) sink?.end();
        return;
      }
      case "gap":
        this.#outputs.get(effect.runId)?.gap(effect.fromOffset, effect.toOffset);
        return;
      case "refused":
        this.#options.onRefused(effect.code, effect.message);
        return;
    }
  }

  /** Only the newest ticket asked for counts: an older one belongs to a connection that is gone. */
  async #fetchTicket({ telemetry, workspaceIds, runIds }: TicketWish): Promise<void> {
    const wish = { telemetry, workspaceIds, runIds };
    const number = ++this.#ticketNumber;
    let event: ViewerEvent;
    try {
      const { contentKeys, ...ticket } = await this.#options.fetchTicket(wish);
      this.#opener.addKeys(contentKeys);
      event = { type: "ticket", ticket: { ...ticket, ...wish } };
    } catch (error) {
      console.warn("no viewer ticket:", error);
      const { code, message } = toApiError(error);
      event = code === "REVOKED" ? { type: "ticketRefused", reason: message } : { type: "ticketFailed" };
    }
    if (number === this.#ticketNumber) this.#handle(event);
  }

  #connect(path: string, ticket: string): void {
    this.#disconnect();
    const url = new URL(path, window.location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("ticket", ticket);
    url.searchParams.set("features", featuresText());
    const socket = new WebSocket(url);
    this.#socket = socket;
    const fromThisSocket = (event: ViewerEvent) => {
      if (this.#socket === socket) this.#handle(event);
    };
    socket.addEventListener("open", () => fromThisSocket({ type: "opened" }));
    socket.addEventListener("close", () => fromThisSocket({ type: "closed" }));
    socket.addEventListener("message", (message: MessageEvent<unknown>) => {
      if (typeof message.data === "string") fromThisSocket({ type: "frame", text: message.data });
    });
  }

  #send(text: string): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  #disconnect(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }
}
