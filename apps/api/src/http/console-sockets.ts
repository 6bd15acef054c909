import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { kibibyte, secondMs } from "@quarterdeck/core/units";
import { applyWSSHandler } from "@trpc/server/adapters/ws";
import { WebSocketServer, type WebSocket } from "ws";
import { appRouter } from "../app-router.ts";
import { isSessionLive } from "../auth/repo.ts";
import type { Caller } from "../auth/scope.ts";
import type { Context } from "../context.ts";
import { hashToken } from "../random-token.ts";
import type { Runtime } from "../runtime.ts";
import { refuseUpgrade } from "./refuse-upgrade.ts";
import { readRequestCaller } from "./request-caller.ts";

const recheckMs = 3 * secondMs;
const signedOutCode = 4401;

interface Visitor {
  readonly caller: Caller;
  readonly sessionToken: string;
}

interface OpenSocket extends Visitor {
  readonly socket: WebSocket;
}

/** The consoles' WebSockets, for subscriptions. Each lives as long as its session and role do, checked every few seconds. */
export class ConsoleSockets {
  readonly #runtime: Runtime;
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: 64 * kibibyte });
  readonly #visitors = new WeakMap<IncomingMessage, Visitor>();
  readonly #open = new Set<OpenSocket>();
  readonly #recheck: NodeJS.Timeout;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    applyWSSHandler({
      wss: this.#server,
      router: appRouter,
      createContext: ({ req }): Context => ({
        runtime,
        caller: this.#visitors.get(req)?.caller ?? null,
        sessionToken: null,
        address: req.socket.remoteAddress ?? "unknown",
        transport: "socket",
        setCookie: () => {},
      }),
      keepAlive: { enabled: true, pingMs: 25 * secondMs, pongWaitMs: 10 * secondMs },
      onError({ error, path }) {
        if (error.code === "INTERNAL_SERVER_ERROR")
          runtime.log.error({ err: error.cause ?? error, path }, "a subscription failed");
      },
    });
    this.#recheck = setInterval(() => {
      this.recheck().catch((error: unknown) => runtime.log.error({ err: error }, "checking open sockets failed"));
    }, recheckMs);
  }

  /** Lets a console in, or answers why not. */
  async handle(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const visitor = await this.#admit(request);
    if (visitor instanceof QuarterdeckError) return refuseUpgrade(socket, visitor.code, visitor.message);
    this.#visitors.set(request, visitor);
    this.#server.handleUpgrade(request, socket, head, (opened) => {
      const entry: OpenSocket = { ...visitor, socket: opened };
      this.#open.add(entry);
      opened.on("close", () => this.#open.delete(entry));
      this.#server.emit("connection", opened, request);
    });
  }

  async #admit(request: IncomingMessage): Promise<Visitor | QuarterdeckError> {
    const { cookie, authorization, origin } = request.headers;
    try {
      const read = await readRequestCaller(this.#runtime, { cookie, authorization, origin }, { mustKnowOrigin: true });
      if (read.caller !== null && read.sessionToken !== null)
        return { caller: read.caller, sessionToken: read.sessionToken };
      return new QuarterdeckError("UNAUTHENTICATED", "You are not signed in. Sign in and try again.");
    } catch (error) {
      if (error instanceof QuarterdeckError) return error;
      this.#runtime.log.error({ err: error }, "admitting a socket failed");
      return new QuarterdeckError("INTERNAL", "Something failed inside Quarterdeck; its log says what. Try again.");
    }
  }

  /** Closes the sockets whose session ended or whose member left, and what they watch at the relay. */
  async recheck(): Promise<void> {
    const { db, clock, viewerRevocations } = this.#runtime;
    for (const entry of this.#open) {
      const { orgId } = entry.caller;
      const isLive = await isSessionLive(db, { tokenHash: hashToken(entry.sessionToken), orgId, nowMs: clock.nowMs() });
      if (isLive || entry.socket.readyState !== entry.socket.OPEN) continue;
      entry.socket.close(signedOutCode, "signed out");
      viewerRevocations.revoke(entry.caller, entry.caller.userId);
    }
  }

  closeOf(tokenHash: string): void {
    for (const entry of this.#open) {
      if (hashToken(entry.sessionToken) === tokenHash) entry.socket.close(signedOutCode, "signed out");
    }
  }

  /** Closes everything; consoles reconnect by themselves. */
  close(): void {
    clearInterval(this.#recheck);
    for (const { socket } of this.#open) socket.close(1012, "restarting");
    for (const { socket } of this.#open) socket.terminate();
    this.#server.close();
  }
}
