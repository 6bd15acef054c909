import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { errorRule } from "@quarterdeck/core/errors/codes";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { kibibyte, secondMs } from "@quarterdeck/core/units";
import { applyWSSHandler } from "@trpc/server/adapters/ws";
import { WebSocketServer, type WebSocket } from "ws";
import { appRouter } from "../app-router.ts";
import { requireAdmission } from "../auth/require-admission.ts";
import { noCaller } from "../auth/no-caller.ts";
import type { SocketEnd } from "../auth/rights-in-use.ts";
import type { Account, Caller } from "../auth/scope.ts";
import type { Context } from "../context.ts";
import { hashToken } from "../random-token.ts";
import { retryAfterField } from "../rates/rate-limit-fields.ts";
import type { Runtime } from "../runtime.ts";
import { takeConnection } from "./admit-connection.ts";
import { clientAddress } from "./client-address.ts";
import { refuseUpgrade } from "./refuse-upgrade.ts";
import { readRequestCaller } from "./request-caller.ts";

const endings: Readonly<Record<SocketEnd, readonly [code: number, reason: string]>> = {
  signedOut: [4401, "signed out"],
  changed: [1012, "your role changed"], // The console comes back by itself.
};

interface Visitor {
  readonly caller: Caller;
  readonly sessionToken: string;
  readonly address: string;
}

interface AdmittedVisitor extends Visitor {
  /** What the answer says of the rates. */
  readonly fields: Readonly<Record<string, string>>;
}

function personOf(caller: Caller | undefined): Account | null {
  return caller === undefined || caller.isService ? null : caller;
}

/** The consoles' WebSockets, for subscriptions. Each lives as long as its session and role do. */
export class ConsoleSockets {
  readonly #runtime: Runtime;
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: 64 * kibibyte });
  readonly #visitors = new WeakMap<IncomingMessage, AdmittedVisitor>();
  readonly #open = new Set<WebSocket>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#server.on("headers", (headers, request) => {
      const fields = this.#visitors.get(request)?.fields ?? {};
      for (const [name, value] of Object.entries(fields)) headers.push(`${name}: ${value}`);
    });
    applyWSSHandler({
      wss: this.#server,
      router: appRouter,
      createContext: ({ req }): Context => ({
        runtime,
        account: personOf(this.#visitors.get(req)?.caller),
        caller: this.#visitors.get(req)?.caller ?? null,
        sessionToken: this.#visitors.get(req)?.sessionToken ?? null,
        sinceAuthMs: Number.POSITIVE_INFINITY, // Subscriptions do nothing dangerous.
        device: { userAgent: "", cookie: null },
        address: this.#visitors.get(req)?.address ?? "unknown",
        expectedOrgId: null, // What it said when it was opened would be of then.
        transport: "socket",
        setCookie: () => {},
      }),
      keepAlive: { enabled: true, pingMs: 25 * secondMs, pongWaitMs: 10 * secondMs },
      onError({ error, path }) {
        if (error.code === "INTERNAL_SERVER_ERROR")
          runtime.log.error({ err: error.cause ?? error, path }, "a subscription failed");
      },
    });
  }

  /** Lets a console in, or answers why not. */
  async handle(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const visitor = await this.#admit(request);
    if (visitor instanceof QuarterdeckError) return refuseUpgrade(socket, visitor);
    const { address } = visitor;
    const { refusal, fields } = this.#runtime.requestRates.charge({ caller: visitor.caller, address }, 1);
    if (refusal !== null) {
      return refuseUpgrade(socket, refusal, { ...fields, ...retryAfterField(refusal.retryAfterMs ?? 0) });
    }
    if (!takeConnection(this.#runtime, { request, socket }, visitor.caller)) return;
    this.#visitors.set(request, { ...visitor, fields });
    this.#server.handleUpgrade(request, socket, head, (opened) => {
      const ended = this.#runtime.rights.socketOpened({
        tokenHash: hashToken(visitor.sessionToken),
        caller: visitor.caller,
        close: (end) => opened.close(...endings[end]),
      });
      this.#open.add(opened);
      opened.on("message", () => {
        if (this.#runtime.requestRates.takesMessage(visitor.caller)) return;
        opened.close(errorRule("RATE_LIMITED").closeCode, "too many messages");
      });
      opened.on("close", () => {
        ended();
        this.#open.delete(opened);
      });
      this.#server.emit("connection", opened, request);
    });
  }

  async #admit(request: IncomingMessage): Promise<Visitor | QuarterdeckError> {
    const { cookie, authorization, origin } = request.headers;
    try {
      const peer = clientAddress(request, this.#runtime.env.trustedProxies);
      const headers = { cookie, authorization, origin };
      const read = await readRequestCaller(this.#runtime, headers, { mustKnowOrigin: true, peer });
      const { account, caller, sessionToken } = read;
      if (caller !== null && sessionToken !== null) {
        await requireAdmission(this.#runtime, caller, peer);
        return { caller, sessionToken, address: peer };
      }
      return noCaller(account);
    } catch (error) {
      if (error instanceof QuarterdeckError) return error;
      this.#runtime.log.error({ err: error }, "admitting a socket failed");
      return new QuarterdeckError("INTERNAL", "Something failed inside Quarterdeck; its log says what. Try again.");
    }
  }

  /** Closes everything; consoles reconnect by themselves. */
  close(): void {
    for (const socket of this.#open) socket.close(1012, "restarting");
    for (const socket of this.#open) socket.terminate();
    this.#server.close();
  }
}
