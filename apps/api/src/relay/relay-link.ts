import type { RunId, ServerId } from "@quarterdeck/core/ids";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import {
  auditHeadAnswerSchema,
  drainAnswerSchema,
  outboxAnswerSchema,
  waitingAnswerSchema,
  type OutboxEntry,
  type WaitingAnswer,
} from "@quarterdeck/core/protocol/relay-api";
import * as z from "zod";
import type { Log } from "../log.ts";

/** The relay did not answer, or not as it should. */
export class RelayUnavailableError extends Error {
  override readonly name = "RelayUnavailableError";
}

interface RelayLinkOptions {
  readonly url: string;
  readonly serviceKey: string;
  readonly log: Log;
  /** Called when the relay is reached again, or no longer. */
  readonly onReachable: (isReachable: boolean) => void;
}

const requestTimeoutMs = 10_000;
const healthTimeoutMs = 3_000;
const healthSchema = z.object({ protocol: z.string().regex(/^\d{1,4}\.\d{1,4}$/) });

/** The API's way to the relay. It knows whether the relay answered last time. */
export class RelayLink {
  readonly #options: RelayLinkOptions;
  #isReachable = false;
  #protocol: string | null = null;

  constructor(options: RelayLinkOptions) {
    this.#options = options;
  }

  get isReachable(): boolean {
    return this.#isReachable;
  }

  /** The newest protocol that the relay speaks, as it said last; null while it has not. */
  get protocol(): string | null {
    return this.#protocol;
  }

  /** Hands entries to a server's object; answers up to which position it has stored them. */
  async sendOutbox(serverId: ServerId, entries: readonly OutboxEntry[]): Promise<number> {
    const { through } = await this.#request(`/api/servers/${serverId}/outbox`, outboxAnswerSchema, {
      body: JSON.stringify({ entries }),
      timeoutMs: requestTimeoutMs,
    });
    return through;
  }

  /** Why a run waits, as its server's object sees it. */
  readWaiting(serverId: ServerId, runId: RunId, timeoutMs: number): Promise<WaitingAnswer> {
    return this.#request(`/api/servers/${serverId}/waiting/${runId}`, waitingAnswerSchema, { timeoutMs });
  }

  /** Tells a server's bridge how far the org's audit goes; answers whether one was there to be told. */
  async tellAuditHead(serverId: ServerId, head: SignedText): Promise<boolean> {
    const { isTold } = await this.#request(`/api/servers/${serverId}/audit-head`, auditHeadAnswerSchema, {
      body: JSON.stringify({ head }),
      timeoutMs: requestTimeoutMs,
    });
    return isTold;
  }

  /** Has a server's bridge leave and come back, spread over a time; `false` when none is connected. */
  async drain(serverId: ServerId, spreadMs: number): Promise<boolean> {
    const { isConnected } = await this.#request(`/api/servers/${serverId}/drain`, drainAnswerSchema, {
      body: JSON.stringify({ spreadMs }),
      timeoutMs: requestTimeoutMs,
    });
    return isConnected;
  }

  /** Asks the relay whether it is there. */
  async probe(): Promise<boolean> {
    try {
      const response = await fetch(new URL("/health", this.#options.url), {
        signal: AbortSignal.timeout(healthTimeoutMs),
      });
      this.#protocol = healthSchema.safeParse(parseJson(await response.text())).data?.protocol ?? this.#protocol;
      this.#set(response.ok);
    } catch (error) {
      this.#set(false, error);
    }
    return this.#isReachable;
  }

  async #request<T>(path: string, schema: z.ZodType<T>, request: { body?: string; timeoutMs: number }): Promise<T> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(new URL(path, this.#options.url), {
        method: request.body === undefined ? "GET" : "POST",
        headers: { authorization: `Bearer ${this.#options.serviceKey}`, "content-type": "application/json" },
        signal: AbortSignal.timeout(request.timeoutMs),
        ...(request.body === undefined ? {} : { body: request.body }),
      });
      text = await response.text();
    } catch (error) {
      this.#set(false, error);
      throw new RelayUnavailableError(`the relay at ${this.#options.url} did not answer`, { cause: error });
    }
    this.#set(true);
    if (!response.ok)
      throw new RelayUnavailableError(`the relay answered ${response.status} to ${path}: ${text.slice(0, 200)}`);
    const parsed = schema.safeParse(parseJson(text));
    if (!parsed.success) throw new RelayUnavailableError(`the relay's answer to ${path} is malformed`);
    return parsed.data;
  }

  #set(isReachable: boolean, cause?: unknown): void {
    if (this.#isReachable === isReachable) return;
    this.#isReachable = isReachable;
    if (isReachable) this.#options.log.info({ url: this.#options.url }, "the relay is reachable");
    else this.#options.log.warn({ url: this.#options.url, err: cause }, "the relay is not reachable");
    this.#options.onReachable(isReachable);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Not of any shape: the schema refuses it.
  }
}
