import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { findFreePort } from "../../../api/src/embedded/free-port.ts";
import { internalClient } from "../../../api/src/embedded/internal-client.ts";
import { relayConfig } from "../../../api/src/embedded/relay-config.ts";
import { loadKeys, type Keys } from "../../../api/src/keys/keys.ts";
import { loadRelayKey } from "../../../api/src/keys/relay-key.ts";
import { createClient } from "@quarterdeck/api/client";
import { account } from "./console.ts";
import { FaultProxy } from "./fault-proxy.ts";
import { childrenOf, isAlive, repositoryRoot, type Part } from "./quarterdeck.ts";
import { signIn, type TestClient } from "./client.ts";
import { waitFor } from "./wait-for.ts";

const apiDir = join(repositoryRoot, "apps/api");
const bridgeCli = join(repositoryRoot, "packages/bridge/dist/quarterdeck-bridge.mjs");
const relayBundle = join(repositoryRoot, "apps/relay/dist/worker.js");
const { default: workerd } = createRequire(join(apiDir, "package.json"))("workerd") as { default: string };

/** How long this platform's relay lets a bridge be silent, and how often a bridge says that it is there. */
const silenceMs = 4000;
const heartbeatMs = 1000;

/** The shipped Worker with shorter intervals, so that tests do not wait for a minute. */
function writeRelayWithShortIntervals(path: string): void {
  let code = readFileSync(relayBundle, "utf8");
  for (const [usual, short] of [
    ["heartbeatMs: 25 * secondMs", `heartbeatMs: ${heartbeatMs}`],
    ["silenceMs: 75 * secondMs", `silenceMs: ${silenceMs}`],
  ] as const) {
    if (!code.includes(usual)) throw new Error(`the relay's bundle has no "${usual}" to shorten`);
    code = code.replace(usual, short);
  }
  writeFileSync(path, code);
}

/** API, relay and a bridge in processes of their own, each way between them through a network that can misbehave. */
export class FaultyPlatform {
  readonly dataDir: string;
  readonly url: string;
  /** The ways, by who connects. */
  readonly apiToRelay: FaultProxy;
  readonly relayToApi: FaultProxy;
  readonly bridgeToRelay: FaultProxy;
  client!: TestClient;
  readonly #ports: { readonly api: number; readonly internal: number; readonly relay: number };
  readonly #keys: Keys;
  readonly #processes = new Map<Part, ChildProcess>();
  printed = "";

  private constructor(parts: {
    dataDir: string;
    keys: Keys;
    ports: { api: number; internal: number; relay: number };
    proxies: { apiToRelay: FaultProxy; relayToApi: FaultProxy; bridgeToRelay: FaultProxy };
  }) {
    this.dataDir = parts.dataDir;
    this.#keys = parts.keys;
    this.#ports = parts.ports;
    this.url = `http://localhost:${parts.ports.api}`;
    this.apiToRelay = parts.proxies.apiToRelay;
    this.relayToApi = parts.proxies.relayToApi;
    this.bridgeToRelay = parts.proxies.bridgeToRelay;
  }

  static async start(dataDir: string): Promise<FaultyPlatform> {
    const ports = { api: await findFreePort(), internal: await findFreePort(), relay: await findFreePort() };
    const proxies = {
      apiToRelay: await FaultProxy.start(ports.relay),
      relayToApi: await FaultProxy.start(ports.internal),
      bridgeToRelay: await FaultProxy.start(ports.relay),
    };
    const platform = new FaultyPlatform({ dataDir, ports, proxies, keys: await loadKeys(dataDir) });
    await platform.begin("relay");
    await platform.begin("api");
    await platform.#setUp();
    await platform.begin("bridge");
    platform.client = await signIn(platform.url);
    await platform.client.workspaceId();
    return platform;
  }

  /** Starts a part, and waits until it answers. */
  async begin(part: Part): Promise<void> {
    const start = { api: () => this.#startApi(), relay: () => this.#startRelay(), bridge: () => this.#startBridge() };
    const child = await start[part]();
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text: Buffer) => (this.printed += text));
    this.#processes.set(part, child);
    const port = part === "api" ? this.#ports.api : this.#ports.relay;
    if (part === "bridge") return;
    await waitFor(async () => (await fetch(`http://localhost:${port}/health`).catch(() => undefined))?.ok, {
      what: () => `${part} to answer; it printed ${this.printed.slice(-2000)}`,
    });
  }

  signal(part: Part, signal: NodeJS.Signals): void {
    for (const pid of this.#launchedBy(part)) process.kill(pid, signal);
    this.#processes.get(part)?.kill(signal);
  }

  async kill(part: Part): Promise<void> {
    const child = this.#processes.get(part);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const launched = this.#launchedBy(part);
    const ended = once(child, "exit");
    this.signal(part, "SIGKILL");
    await ended;
    await waitFor(() => !launched.some(isAlive), { what: `the processes of ${part} to end` });
  }

  /** The bridge itself is a child of its launcher. */
  #launchedBy(part: Part): readonly number[] {
    const pid = this.#processes.get(part)?.pid;
    return part === "bridge" && pid !== undefined ? childrenOf(pid).filter(isAlive) : [];
  }

  async isOnline(): Promise<boolean> {
    return (await this.client.api.servers.list.query()).some(({ status }) => status === "online");
  }

  async stop(): Promise<void> {
    await this.client?.close();
    for (const part of ["bridge", "api", "relay"] satisfies Part[]) await this.kill(part);
    await Promise.all([this.apiToRelay, this.relayToApi, this.bridgeToRelay].map((proxy) => proxy.stop()));
  }

  async #startRelay(): Promise<ChildProcess> {
    const cwd = join(this.dataDir, "run/relay");
    const stateDir = join(this.dataDir, "relay");
    for (const folder of [cwd, stateDir]) mkdirSync(folder, { recursive: true });
    writeRelayWithShortIntervals(join(cwd, "worker.js"));
    const { relay: port } = this.#ports;
    writeFileSync(join(cwd, "relay.capnp"), relayConfig({ port, apiPort: this.relayToApi.port, stateDir }));
    const { privateKeyPkcs8, certificate } = await loadRelayKey(this.dataDir, this.#keys.platform, Date.now());
    const env = {
      PLATFORM_KEYS: JSON.stringify(this.#keys.platform.set),
      RELAY_PRIVATE_KEY: privateKeyPkcs8,
      RELAY_CERTIFICATE: JSON.stringify(certificate),
      SERVICE_KEY: this.#keys.serviceKey,
    };
    return spawn(workerd, ["serve", "relay.capnp"], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  }

  async #startApi(): Promise<ChildProcess> {
    const env = {
      PATH: process.env["PATH"],
      QUARTERDECK_DATA: this.dataDir,
      QUARTERDECK_PORT: String(this.#ports.api),
      QUARTERDECK_INTERNAL_PORT: String(this.#ports.internal),
      QUARTERDECK_RELAY_URL: `http://127.0.0.1:${this.apiToRelay.port}`,
    };
    return spawn(process.execPath, [join(apiDir, "src/server.ts")], { env, stdio: ["ignore", "pipe", "pipe"] });
  }

  async #startBridge(): Promise<ChildProcess> {
    return this.#bridge(["run", "--relay-url", `ws://127.0.0.1:${this.bridgeToRelay.port}`]);
  }

  #bridge([command = "", ...args]: readonly string[]): ChildProcess {
    return spawn(process.execPath, [bridgeCli, command, "--data", join(this.dataDir, "bridge"), ...args], {
      env: { PATH: process.env["PATH"] },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  async #setUp(): Promise<void> {
    const internal = internalClient(this.#ports.internal, this.#keys.operatorKey);
    const setupToken = (await internal.setupLink())?.split("token=")[1] ?? "";
    const { api, close } = createClient({ url: this.url });
    await api.auth.setUp.mutate({ setupToken, ...account });
    await close();
    const answer = await internal.enrolThisMachine("faulty");
    const token = "token" in answer ? answer.token : "";
    const enrolling = this.#bridge([
      "enrol",
      "--url",
      `http://127.0.0.1:${this.#ports.api}`,
      "--token",
      token,
      "--platform-key",
      this.#keys.platform.fingerprint,
    ]);
    for (const stream of [enrolling.stdout, enrolling.stderr]) stream?.on("data", (text) => (this.printed += text));
    const [code] = (await once(enrolling, "exit")) as [number | null];
    if (code !== 0) throw new Error(`enrolling failed: ${this.printed}`);
  }
}
