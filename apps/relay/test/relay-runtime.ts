import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { ServerId } from "@quarterdeck/core/ids";
import type { WaitingAnswer } from "@quarterdeck/core/protocol/relay-api";
import { inject } from "vitest";
import { FakeApi } from "./fake-api.ts";
import { faulty } from "./faulty-worker.ts";
import { instrumented } from "./instrumented-worker.ts";
import { Platform, serviceKey } from "./platform.ts";

interface RuntimeOptions {
  readonly persistFolder?: string;
  /** The object counts what wakes it, and its clock can be moved. */
  readonly isInstrumented?: boolean;
  /** The object can be killed at a boundary, and its storage can be full. */
  readonly isFaulty?: boolean;
}

/** The relay's Worker in the real Workers runtime, with a fake API behind its service binding. */
export class RelayRuntime {
  readonly api = new FakeApi();
  readonly platform: Platform;
  url: URL = new URL("http://not-started");
  readonly #persistFolder: string | undefined;
  readonly #wrapping: string | undefined;
  #miniflare: Miniflare | undefined;

  private constructor(platform: Platform, options: RuntimeOptions) {
    this.platform = platform;
    this.#persistFolder = options.persistFolder;
    this.#wrapping = options.isFaulty ? faulty : options.isInstrumented ? instrumented : undefined;
  }

  static async start(options: RuntimeOptions = {}): Promise<RelayRuntime> {
    const runtime = new RelayRuntime(await Platform.make(), options);
    await runtime.start();
    return runtime;
  }

  async start(): Promise<void> {
    const { platform, api } = this;
    const contents = await readFile(inject("relayBundle"), "utf8");
    const worker = { type: "ESModule", path: "worker.js", contents } as const;
    this.#miniflare = new Miniflare(
      convertV4MiniflareOptions({
        name: "relay",
        modules: this.#wrapping
          ? [{ type: "ESModule", path: "wrapping.js", contents: this.#wrapping }, worker]
          : [worker],
        compatibilityDate: "2026-11-01",
        unsafeInspectDurableObjects: true,
        host: "127.0.0.1",
        port: 0,
        durableObjects: { SERVER_SESSIONS: { className: "ServerSession", useSQLite: true } },
        ...(this.#persistFolder && { resourcePersistencePath: this.#persistFolder }),
        bindings: {
          PLATFORM_KEYS: JSON.stringify(platform.keys),
          RELAY_PRIVATE_KEY: platform.relay.privateKey,
          RELAY_CERTIFICATE: JSON.stringify(platform.relay.certificate),
          SERVICE_KEY: serviceKey,
        },
        serviceBindings: { API: api.answer as never },
      }),
    );
    this.url = await this.#miniflare.ready;
  }

  async stop(): Promise<void> {
    await this.#miniflare?.dispose();
    this.#miniflare = undefined;
  }

  /** Throws the object out of memory; its sockets hibernate. */
  async evict(serverId: ServerId): Promise<void> {
    await this.#running().unsafeEvictDurableObject("relay", "ServerSession", {
      name: serverId,
      webSockets: "hibernate",
    } as never);
  }

  async sql(serverId: ServerId, query: string): Promise<Record<string, unknown>[]> {
    const storage = await this.#running().unsafeGetDurableObjectStorage("relay", "ServerSession", {
      name: serverId,
    } as never);
    return (await storage.exec(query)) as Record<string, unknown>[];
  }

  /** What happened in the instrumented objects so far, by name. */
  async wakes(): Promise<Record<string, number>> {
    return (await (await fetch(new URL("/test/wakes", this.url))).json()) as Record<string, number>;
  }

  /** Whether the instrumented objects have asked the API nothing that it has not answered: each question has a time limit. */
  async isAnswered(): Promise<boolean> {
    return (await (await fetch(new URL("/test/timers", this.url))).json()) === 0;
  }

  /** The rows that the instrumented objects' storage has billed so far. */
  async rows(): Promise<{ read: number; written: number }> {
    return (await (await fetch(new URL("/test/rows", this.url))).json()) as { read: number; written: number };
  }

  /** Moves the instrumented objects' clock ahead of the machine's. */
  async moveClock(aheadMs: number): Promise<void> {
    await fetch(new URL(`/test/clock?aheadMs=${aheadMs}`, this.url));
  }

  /** Rings an instrumented object's alarm as the platform would. Returns when it is set next. */
  async ring(serverId: ServerId): Promise<number | null> {
    return (await (await fetch(new URL(`/test/ring?server=${serverId}`, this.url))).json()) as number | null;
  }

  /** Kills a faulty object when it reaches a boundary for the nth time. Returns whether the one before was reached. */
  async crashAt(boundary: { readonly at: string; readonly nth: number } | null): Promise<boolean> {
    const query = boundary === null ? "" : `?at=${encodeURIComponent(boundary.at)}&nth=${boundary.nth}`;
    return (await (await fetch(new URL(`/test/crash${query}`, this.url))).json()) as boolean;
  }

  /** Lets the storage of faulty objects be full, or writable again. Returns how many writes were refused so far. */
  async fillStorage(isFull: boolean): Promise<number> {
    return (await (await fetch(new URL(`/test/storage?isFull=${isFull}`, this.url))).json()) as number;
  }

  /** How many objects have an alarm set; needs a persist folder. */
  countAlarms(): number {
    if (!this.#persistFolder) throw new Error("alarms can be counted only with a persist folder");
    const file = join(this.#persistFolder, "do", "relay-ServerSession", "metadata.sqlite");
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      return Number(database.prepare("SELECT count(*) AS total FROM _cf_ALARM").get()?.["total"]);
    } finally {
      database.close();
    }
  }

  /** Whether every report of a server was delivered. */
  async isDelivered(serverId: ServerId): Promise<boolean> {
    const [row] = await this.sql(serverId, "SELECT count(*) AS total FROM reports");
    return row?.["total"] === 0;
  }

  request(path: string, init: RequestInit = {}, key: string = serviceKey): Promise<Response> {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    return fetch(new URL(path, this.url), { headers, ...init });
  }

  async postOutbox(serverId: ServerId, entries: readonly object[]): Promise<number> {
    const response = await this.request(`/api/servers/${serverId}/outbox`, {
      method: "POST",
      body: JSON.stringify({ entries }),
    });
    const body = (await response.json()) as { through: number };
    if (!response.ok) throw new Error(`outbox: ${response.status} ${JSON.stringify(body)}`);
    return body.through;
  }

  async waiting(serverId: ServerId, runId: string): Promise<WaitingAnswer> {
    return (await (await this.request(`/api/servers/${serverId}/waiting/${runId}`)).json()) as WaitingAnswer;
  }

  #running(): Miniflare {
    if (!this.#miniflare) throw new Error("the runtime is stopped");
    return this.#miniflare;
  }
}
