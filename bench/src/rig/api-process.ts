import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { loadKeys } from "../../../apps/api/src/keys/keys.ts";
import { loadRelayKey } from "../../../apps/api/src/keys/relay-key.ts";
import { cores, pinned } from "./cpu-cores.ts";
import type { RelayKeys } from "./relay-process.ts";
import { unlimitedRequests } from "./unlimited-requests.ts";

const entry = join(import.meta.dirname, "../../../apps/api/src/server.ts");

interface ApiOptions {
  /** Of its own: the database and the keys are in it. */
  readonly folder: string;
  readonly port: number;
  readonly internalPort: number;
  readonly relayPort: number;
}

/** The shipped API in a process on the server's core. */
export class ApiProcess {
  readonly url: string;
  readonly #options: ApiOptions;
  readonly #operatorKey: string;
  readonly #child: ChildProcess;

  private constructor(options: ApiOptions, operatorKey: string, child: ChildProcess) {
    this.url = `http://127.0.0.1:${options.port}`;
    this.#options = options;
    this.#operatorKey = operatorKey;
    this.#child = child;
  }

  /** The keys that its relay needs; they are made where there are none. */
  static async relayKeys(folder: string): Promise<RelayKeys> {
    const { platform, serviceKey } = await loadKeys(folder);
    const { privateKeyPkcs8: privateKey, certificate } = await loadRelayKey(folder, platform, Date.now());
    return { keys: platform.set, relay: { privateKey, certificate }, serviceKey };
  }

  static async start(options: ApiOptions): Promise<ApiProcess> {
    const { operatorKey } = await loadKeys(options.folder);
    const log = openSync(join(options.folder, "api.log"), "a");
    const node = [process.execPath, "--disable-warning=ExperimentalWarning", entry];
    const [command = "", ...args] = pinned(cores.server, node);
    const child = spawn(command, args, {
      stdio: ["ignore", log, log],
      env: {
        NODE_ENV: "production",
        PATH: process.env["PATH"],
        QUARTERDECK_DATA: options.folder,
        QUARTERDECK_PORT: String(options.port),
        QUARTERDECK_INTERNAL_PORT: String(options.internalPort),
        QUARTERDECK_RELAY_URL: `http://127.0.0.1:${options.relayPort}`,
        QUARTERDECK_LOG_LEVEL: "warn",
        ...unlimitedRequests,
      },
    });
    closeSync(log);
    const api = new ApiProcess(options, operatorKey, child);
    while (!(await api.#answers())) {
      if (child.exitCode !== null) throw new Error(`the API did not start; see ${join(options.folder, "api.log")}`);
      await delay(20);
    }
    return api;
  }

  get databaseFile(): string {
    return join(this.#options.folder, "quarterdeck.db");
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("the API does not run");
    return this.#child.pid;
  }

  /** The word with which the first account is made. */
  async setupToken(): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.#options.internalPort}/internal/setup-link`, {
      headers: { authorization: `Bearer ${this.#operatorKey}` },
    });
    const { url } = (await response.json()) as { url: string };
    return url.split("token=")[1] ?? "";
  }

  async #answers(): Promise<boolean> {
    return fetch(`${this.url}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}
