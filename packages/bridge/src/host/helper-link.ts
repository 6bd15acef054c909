import { connect, type Socket } from "node:net";
import type { ErrorCode } from "@quarterdeck/core/errors/codes";
import type { LimitEvidence } from "@quarterdeck/core/protocol/limit-evidence";
import { mebibyte } from "@quarterdeck/core/units";
import { errorMessage, type Log } from "../log.ts";
import { HostLost } from "./execution-host.ts";
import { HostRefused } from "./host-refused.ts";
import { helperLineSchema, hostVerbs, type HostVerb, type VerbAnswer, type VerbParams } from "./host-verbs.ts";
import { LineReader } from "./line-reader.ts";

interface HelperLinkOptions {
  readonly socketPath: string;
  readonly log: Log;
  /** A helper answers. Nothing that waits is asked before this is done; what it asks itself is asked at once. */
  readonly onConnected: () => Promise<void>;
  readonly onEvidence: (evidence: readonly LimitEvidence[]) => void;
}

interface Request {
  readonly id: number;
  readonly verb: HostVerb;
  readonly line: string;
  /** Whether it does no harm to ask it again when the way was cut before the answer. */
  readonly isRepeatable: boolean;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
  isSent: boolean;
}

const firstDelayMs = 100;
const longestDelayMs = 2000;
const answerBytes = 16 * mebibyte;

/** The daemon's end of the helper's socket. It connects again whenever it is cut; what was asked waits for that. */
export class HelperLink {
  readonly #options: HelperLinkOptions;
  readonly #requests = new Map<number, Request>();
  #socket: Socket | undefined;
  /** Whether what waits may go out. */
  #isUp = false;
  #isClosed = false;
  #lastId = 0;
  #delayMs = firstDelayMs;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HelperLinkOptions) {
    this.#options = options;
  }

  start(): void {
    this.#connect();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }

  /**
   * Asks the helper, now or when it is there again.
   *
   * @throws HostRefused
   * @throws HostLost when the way was cut before the answer, and asking again could do harm
   */
  ask<V extends HostVerb>(
    verb: V,
    params: VerbParams<V>,
    { isRepeatable = true, isFirst = false }: { readonly isRepeatable?: boolean; readonly isFirst?: boolean } = {},
  ): Promise<VerbAnswer<V>> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = ++this.#lastId;
    const line = `${JSON.stringify({ id, verb, params })}\n`;
    const request: Request = { id, verb, line, isRepeatable, resolve, reject, isSent: false };
    this.#requests.set(id, request);
    if (this.#isUp || isFirst) this.#send(request);
    return promise as Promise<VerbAnswer<V>>;
  }

  #send(request: Request): void {
    request.isSent = true;
    this.#socket?.write(request.line);
  }

  #connect(): void {
    const socket = connect(this.#options.socketPath);
    this.#socket = socket;
    const reader = new LineReader(answerBytes);
    let problem = "it closed the connection";
    socket.once("connect", () => this.#greet(socket));
    socket.on("data", (data) => {
      try {
        for (const line of reader.push(data)) this.#take(line);
      } catch (error) {
        problem = errorMessage(error);
        socket.destroy();
      }
    });
    socket.on("error", (error) => (problem = error.message));
    socket.once("close", () => this.#cut(problem));
  }

  #greet(socket: Socket): void {
    this.#options.onConnected().then(
      () => {
        if (this.#socket !== socket || socket.destroyed) return;
        this.#isUp = true;
        this.#delayMs = firstDelayMs;
        for (const request of this.#requests.values()) if (!request.isSent) this.#send(request);
      },
      (error: unknown) => socket.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  }

  #take(line: string): void {
    const said = helperLineSchema.parse(JSON.parse(line));
    if ("evidence" in said) return this.#options.onEvidence(said.evidence);
    const request = said.id === null ? undefined : this.#requests.get(said.id);
    if (!request) {
      if ("error" in said) this.#options.log.error("the helper does not understand the bridge", said.error);
      return;
    }
    this.#requests.delete(request.id);
    if ("error" in said) {
      const { code, message } = said.error;
      return request.reject(new HostRefused({ code: code as ErrorCode, message }));
    }
    const answer = hostVerbs[request.verb].answer.safeParse(said.answer);
    if (answer.success) request.resolve(answer.data);
    else request.reject(new Error(`the helper's answer to ${request.verb} is malformed`));
  }

  #cut(reason: string): void {
    if (this.#isUp || this.#delayMs === firstDelayMs)
      this.#options.log.warn("the helper does not answer; what it is asked waits for it", { reason });
    this.#isUp = false;
    this.#socket = undefined;
    for (const request of this.#requests.values()) {
      if (!request.isSent) continue;
      request.isSent = false;
      if (request.isRepeatable) continue;
      this.#requests.delete(request.id);
      request.reject(new HostLost(`the helper was gone before it answered to ${request.verb}`));
    }
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => this.#connect(), this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, longestDelayMs);
  }
}
