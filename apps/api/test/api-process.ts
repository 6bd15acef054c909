import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, writeFileSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createClient, type QuarterdeckClient } from "../src/client.ts";
import { loadKeys } from "../src/keys/keys.ts";
import { FakeRelay } from "./fake-relay.ts";
import { findFreePort } from "../src/embedded/free-port.ts";
import { owner } from "./test-api.ts";

const entry = join(import.meta.dirname, "../src/server.ts");
const preload = (name: string) => pathToFileURL(join(import.meta.dirname, "preload", name)).href;

interface ApiProcessParts {
  readonly dataDir?: string;
  readonly relay?: FakeRelay;
  readonly environment?: NodeJS.ProcessEnv;
}

/** The API in a process of its own that dies where a test wants it to, and whose clock a test can move. */
export class ApiProcess implements AsyncDisposable {
  readonly relay: FakeRelay;
  readonly #dataDir: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #ports: { readonly api: number; readonly internal: number };
  readonly client: QuarterdeckClient;
  #child: ChildProcess | undefined;
  #printed = "";

  private constructor(ports: { api: number; internal: number }, parts: Required<ApiProcessParts>) {
    this.#ports = ports;
    this.relay = parts.relay;
    this.#dataDir = parts.dataDir;
    this.#environment = parts.environment;
    this.client = createClient({ url: this.url });
  }

  /** Starts it with a first account. */
  static async start(environment: NodeJS.ProcessEnv = {}): Promise<ApiProcess> {
    const api = await ApiProcess.on({ environment });
    const link = (await (await api.internal("/internal/setup-link")).json()) as { url: string };
    const setupToken = link.url.split("token=")[1] ?? "";
    await api.client.api.auth.setUp.mutate({ ...owner, setupToken, orgName: "Orchard" });
    return api;
  }

  /** Starts it on what is there. Data directory and relay end with it; a relay that was given is listening. */
  static async on({ dataDir, relay, environment = {} }: ApiProcessParts): Promise<ApiProcess> {
    const parts = {
      dataDir: dataDir ?? mkdtempSync(join(tmpdir(), "quarterdeck-failpoints-")),
      relay: relay ?? new FakeRelay(),
      environment,
    };
    const api = new ApiProcess({ api: await findFreePort(), internal: await findFreePort() }, parts);
    if (relay === undefined) await api.relay.start();
    await api.begin();
    return api;
  }

  get dataDir(): string {
    return this.#dataDir;
  }

  get url(): string {
    return `http://localhost:${this.#ports.api}`;
  }

  get databaseUrl(): string {
    return `file:${join(this.#dataDir, "quarterdeck.db")}`;
  }

  get hasEnded(): boolean {
    return this.#child !== undefined && (this.#child.exitCode !== null || this.#child.signalCode !== null);
  }

  get wasKilled(): boolean {
    return !existsSync(this.#failpoint);
  }

  killAt(moment: string): void {
    writeFileSync(this.#failpoint, moment);
  }

  /** Moves the clock of the process, and of those that are begun later. */
  setClock(aheadMs: number): void {
    writeFileSync(`${this.#clock}.new`, String(aheadMs));
    renameSync(`${this.#clock}.new`, this.#clock);
  }

  get #clock(): string {
    return join(this.#dataDir, "clock-ahead-ms");
  }

  get #failpoint(): string {
    return join(this.#dataDir, "failpoint");
  }

  /** Starts it, and waits until it is up or has been killed. */
  async begin(): Promise<void> {
    this.#printed = "";
    const imports = [
      `--import=${preload("clock.ts")}?file=${this.#clock}`,
      `--import=${preload("failpoints.ts")}?file=${this.#failpoint}`,
    ];
    const child = spawn(process.execPath, [...imports, entry], {
      env: {
        PATH: process.env["PATH"],
        QUARTERDECK_DATA: this.#dataDir,
        QUARTERDECK_PORT: String(this.#ports.api),
        QUARTERDECK_INTERNAL_PORT: String(this.#ports.internal),
        QUARTERDECK_RELAY_URL: this.relay.url,
        ...this.#environment,
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.stderr.on("data", (text: Buffer) => {
        this.#printed += text.toString();
        if (this.#printed.includes("the API is up")) resolve();
      });
      child.once("exit", (code) => (code === null ? resolve() : reject(new Error(`exit ${code}: ${this.#printed}`))));
    });
  }

  /** Calls the internal address, as the relay or the operator does. */
  async internal(path: string, body?: unknown): Promise<Response> {
    const { serviceKey, operatorKey } = await loadKeys(this.#dataDir);
    const key = path.startsWith("/relay/") ? serviceKey : operatorKey;
    return fetch(`http://127.0.0.1:${this.#ports.internal}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async kill(): Promise<void> {
    if (!this.#child || this.hasEnded) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.kill();
    await this.relay.stop();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }
}
