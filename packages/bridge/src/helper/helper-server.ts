import { chmodSync, chownSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { decodeFrame } from "@quarterdeck/core/protocol/codec";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { LimitEvidence } from "@quarterdeck/core/protocol/limit-evidence";
import { mebibyte } from "@quarterdeck/core/units";
import * as z from "zod";
import { hostVerbs, requestSchema, type HelperLine, type HostVerb } from "../host/host-verbs.ts";
import { LineReader, LineTooLong } from "../host/line-reader.ts";
import type { Log } from "../log.ts";
import type { VerbHandlers } from "./guarded-host.ts";
import { HostRefused, refuseHost } from "../host/host-refused.ts";
import { explainHostError } from "./explain-host-error.ts";
import { KeptEvidence } from "./kept-evidence.ts";

interface HelperServerOptions {
  readonly socketPath: string;
  /** The group of the daemon's user, which may connect; null: only the helper's own user. */
  readonly gid: number | null;
  readonly handlers: VerbHandlers;
  readonly log: Log;
}

/** One daemon is there, and for a moment perhaps the one before it. */
const mostConnections = 8;
const mostPending = 1024;
const mostEvidence = 4096;
/** A daemon that does not read its answers is cut off. */
const mostUnreadBytes = 8 * mebibyte;

/** The helper's end of the socket: lines in, lines out. It knows nothing of what the verbs mean. */
export class HelperServer {
  readonly #options: HelperServerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #evidence = new KeptEvidence(mostEvidence);

  constructor(options: HelperServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = mostConnections;
  }

  /** Resolves when a daemon can connect. */
  async listen(): Promise<void> {
    const { socketPath, gid } = this.#options;
    rmSync(socketPath, { force: true }); // Of a helper that was killed: the lock says that none runs.
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(socketPath, resolve);
    });
    if (gid !== null) chownSync(socketPath, -1, gid);
    chmodSync(socketPath, gid === null ? 0o600 : 0o660);
  }

  /** Tells it to the daemon, and to one that connects later. */
  tell(evidence: readonly LimitEvidence[]): void {
    this.#evidence.add(evidence);
    for (const socket of this.#sockets) this.#write(socket, { evidence: [...evidence] });
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    const reader = new LineReader(limits.frameBytes);
    const pending = { count: 0 };
    this.#sockets.add(socket);
    const evidence = this.#evidence.all();
    if (evidence.length > 0) this.#write(socket, { evidence });
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => undefined); // Its end is seen by `close`.
    socket.on("data", (data) => {
      try {
        for (const line of reader.push(data)) this.#take(line, socket, pending);
      } catch (error) {
        if (!(error instanceof LineTooLong)) throw error;
        this.#cutOff(
          socket,
          new HostRefused({ code: "TOO_LARGE", message: `A request may have ${limits.frameBytes} bytes.` }),
        );
      }
    });
  }

  #take(line: string, socket: Socket, pending: { count: number }): void {
    if (socket.destroyed || socket.writableEnded) return;
    const request = decodeFrame(requestSchema, line);
    if (!request.ok) return this.#cutOff(socket, new HostRefused(request.error));
    const { id, verb, params } = request.value;
    const about = { verb, ...(typeof params["runId"] === "string" ? { runId: params["runId"].slice(0, 64) } : {}) };
    const refuse = (error: unknown) =>
      this.#write(socket, { id, error: explainHostError(error, about, this.#options.log) });
    if (pending.count >= mostPending)
      return refuse(new HostRefused({ code: "RATE_LIMITED", message: "Too many requests wait for their answer." }));
    pending.count++;
    this.#answer(verb, params)
      .then((answer) => this.#write(socket, { id, answer }), refuse)
      .finally(() => pending.count--);
  }

  async #answer(verb: HostVerb, params: unknown): Promise<unknown> {
    const parsed = hostVerbs[verb].params.safeParse(params);
    if (!parsed.success)
      refuseHost(
        "PROTOCOL_VIOLATION",
        `The parameters of ${verb} are malformed: ${z.prettifyError(parsed.error).slice(0, 300)}`,
      );
    const handle = this.#options.handlers[verb].bind(this.#options.handlers) as (params: unknown) => Promise<unknown>;
    return handle(parsed.data);
  }

  /** Nothing that comes after something malformed can be believed to mean what it says. */
  #cutOff(socket: Socket, refused: HostRefused): void {
    const error = explainHostError(refused, { verb: "none" }, this.#options.log);
    socket.end(`${JSON.stringify({ id: null, error } satisfies HelperLine)}\n`);
    socket.destroySoon();
  }

  #write(socket: Socket, line: HelperLine): void {
    if (socket.destroyed || !socket.writable) return;
    socket.write(`${JSON.stringify(line)}\n`);
    if (socket.writableLength > mostUnreadBytes) socket.destroy();
  }
}
