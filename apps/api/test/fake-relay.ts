import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { commandSchema, type Command } from "@quarterdeck/core/protocol/command";
import {
  auditHeadRequestSchema,
  drainRequestSchema,
  outboxBatchSchema,
  type OutboxEntry,
  type WaitingAnswer,
} from "@quarterdeck/core/protocol/relay-api";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import { WebSocketServer } from "ws";
import { messageText } from "./message-text.ts";

/**
 * A relay on loopback that stores what it gets, as the real one promises to (contiguous positions, known ones ignored),
 * and fails as it is told to.
 */
export class FakeRelay {
  readonly #entries = new Map<string, OutboxEntry[]>();
  readonly #arrivals = new Set<() => void>();
  #server: Server | null = null;
  #port = 0;
  /** Requests to the outbox, as they came. */
  readonly requests: { serverId: string; positions: number[] }[] = [];
  /** How far the audit goes, as servers were told. */
  readonly toldHeads: { serverId: string; head: SignedText }[] = [];
  /** Whose bridges were to leave. */
  readonly drains: { serverId: string; spreadMs: number | undefined }[] = [];
  /** Headers of the upgrades that came through. */
  readonly upgrades: { url: string; headers: IncomingMessage["headers"] }[] = [];
  /** What the next requests to the outbox, of a drain, do: take it and then not answer, or answer 500. */
  readonly faults: ("loseAnswer" | "fail")[] = [];
  waiting: WaitingAnswer = { isOnline: true, state: "waiting", waiting: null };

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens, on the port that it had before if it was stopped. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      const path = request.url ?? "";
      const serverId = /^\/api\/servers\/(srv_\w+)\//.exec(path)?.[1];
      const answer = (status: number, body: unknown) => {
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      };
      if (path === "/health") return answer(200, { status: "ok" });
      if (serverId === undefined) return answer(404, {});
      if (path.includes("/waiting/")) return answer(200, this.waiting);
      let text = "";
      request.on("data", (chunk: Buffer) => (text += chunk.toString()));
      request.on("end", () => {
        if (path.endsWith("/audit-head")) {
          const { head } = auditHeadRequestSchema.parse(JSON.parse(text));
          this.toldHeads.push({ serverId, head });
          this.#arrived();
          return answer(200, { isTold: true });
        }
        if (path.endsWith("/drain")) {
          if (this.faults.shift() === "fail") return answer(500, {});
          const { spreadMs } = drainRequestSchema.parse(JSON.parse(text));
          this.drains.push({ serverId, spreadMs });
          return answer(200, { isConnected: this.waiting.isOnline });
        }
        const { entries } = outboxBatchSchema.parse(JSON.parse(text));
        this.requests.push({ serverId, positions: entries.map((entry) => entry.position) });
        const fault = this.faults.shift();
        if (fault === "fail") return answer(500, {});
        const through = this.#store(serverId, entries);
        if (fault === "loseAnswer") return response.destroy();
        answer(200, { through });
      });
    });
    const sockets = new WebSocketServer({ noServer: true });
    server.on("upgrade", (request, socket, head) => {
      this.upgrades.push({ url: request.url ?? "", headers: request.headers });
      sockets.handleUpgrade(request, socket, head, (opened) =>
        opened.on("message", (data) => opened.send(messageText(data))),
      );
    });
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  entriesOf(serverId: string): readonly OutboxEntry[] {
    return this.#entries.get(serverId) ?? [];
  }

  /** Who may not watch a server any more, as the relay was told. */
  get revocations(): { serverId: string; userId: string }[] {
    return [...this.#entries].flatMap(([serverId, entries]) =>
      entries.flatMap((entry) => (entry.kind === "revokeViewers" ? [{ serverId, userId: entry.userId }] : [])),
    );
  }

  /** The commands that a server got, in order. */
  commandsOf(serverId: string): Command[] {
    return this.entriesOf(serverId).flatMap((entry) =>
      entry.kind === "command" ? [commandSchema.parse(JSON.parse(entry.signed))] : [],
    );
  }

  /** Resolves when a server has this many entries. */
  async hasEntries(serverId: string, count: number): Promise<readonly OutboxEntry[]> {
    while (this.entriesOf(serverId).length < count) {
      await new Promise<void>((resolve) => this.#arrivals.add(resolve));
    }
    return this.entriesOf(serverId);
  }

  /** Resolves when what it stored is as wanted. */
  async until(isWanted: () => boolean): Promise<void> {
    while (!isWanted()) await new Promise<void>((resolve) => this.#arrivals.add(resolve));
  }

  /** Loses what it stored for a server. */
  forget(serverId: string): void {
    this.#entries.delete(serverId);
  }

  #store(serverId: string, entries: readonly OutboxEntry[]): number {
    const stored = this.#entries.get(serverId) ?? [];
    for (const entry of entries) if (entry.position === stored.length + 1) stored.push(entry);
    this.#entries.set(serverId, stored);
    this.#arrived();
    return stored.length;
  }

  #arrived(): void {
    for (const arrived of this.#arrivals) arrived();
    this.#arrivals.clear();
  }
}
