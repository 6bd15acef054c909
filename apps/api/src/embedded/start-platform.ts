import { existsSync, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { EnvError, readEnv } from "../env.ts";
import { loadKeys, type Keys } from "../keys/keys.ts";
import { loadRelayKey } from "../keys/relay-key.ts";
import { describeExit, startChild, type ChildSpec } from "./child.ts";
import { makeDataDirectory } from "./data-directory.ts";
import { lockDataDirectory } from "./data-lock.ts";
import { checkPortIsFree, findFreePort } from "./free-port.ts";
import { internalClient } from "./internal-client.ts";
import { decideIsolation, type Isolation } from "./isolation-consent.ts";
import { keepRunning, type KeptChild } from "./keep-running.ts";
import { holdLifeline } from "./lifeline.ts";
import { UsageError, type Options } from "./options.ts";
import { apiSpec, bridgeRunArgs, bridgeSpec, isolationProbe, lifelinePath, relaySpec, type Ports } from "./parts.ts";
import { answers, waitUntilReady } from "./readiness.ts";
import { checkIsBuilt } from "./repository-paths.ts";
import { waitForRunsToEnd } from "./run-processes.ts";

export interface Platform {
  readonly address: string;
  readonly setupLink: string | null;
  readonly isolation: Isolation;
  /** Stops every part in order; afterwards no process is left. */
  stop(): Promise<void>;
}

const readyTimeoutMs = 60_000;
const stopGraceMs = 8000;
/** workerd waits for its connections to close. What it acknowledged is on the disk, so it may be killed at any time. */
const relayStopGraceMs = 300;

/** Starts relay, API and bridge on this machine, and keeps them running until `stop`. */
export async function startPlatform(options: Options, say: (line: string) => void): Promise<Platform> {
  checkIsBuilt();
  makeDataDirectory(options.dataDir);
  const ports: Ports = { relay: await findFreePort(), internal: await findFreePort() };
  checkSettings(apiSpec(options, ports).env);
  const address = options.publicUrl ?? `http://localhost:${options.port}`;
  const lock = lockDataDirectory(options.dataDir, { pid: process.pid, address, sinceMs: Date.now() });
  const stopping: (() => Promise<void>)[] = [async () => lock.release()];
  const stop = async () => {
    for (let step = stopping.pop(); step; step = stopping.pop()) await step();
  };
  try {
    await explainPort(options);
    const isolation = await decideIsolation({
      dataDir: options.dataDir,
      consents: options.consentsToNoIsolation,
      probe: isolationProbe(options),
    });
    const keys = await loadKeys(options.dataDir);
    mkdirSync(join(options.dataDir, "run"), { recursive: true, mode: 0o700 });
    const lifeline = holdLifeline(lifelinePath(options));
    stopping.push(async () => lifeline.cut());
    const keep = (spec: ChildSpec, graceMs: number): KeptChild => {
      const child = keepRunning(spec, say);
      stopping.push(async () => child.stop(graceMs));
      return child;
    };

    say("Starting the relay…");
    const relayKey = await loadRelayKey(options.dataDir, keys.platform, Date.now());
    const relay = keep(relaySpec(options, ports, { keys, relayKey }), relayStopGraceMs);
    await waitUntilReady(relay, async () => answers(`http://127.0.0.1:${ports.relay}/health`), readyTimeoutMs);

    say("Starting the API…");
    const api = keep(apiSpec(options, ports), stopGraceMs);
    await waitUntilReady(api, async () => answers(`${loopbackUrl(options)}/health`), readyTimeoutMs);

    say("Starting the bridge of this machine…");
    await enrolThisMachine(options, ports, keys);
    const bridge = keep(bridgeSpec(options, bridgeRunArgs(options, ports, isolation)), stopGraceMs);
    bridge.established();
    // First of all when stopping: runs end and leave their results, which the bridge may still hand over.
    stopping.push(async () => {
      lifeline.cut();
      await bridge.letEnd(stopGraceMs);
      await waitForRunsToEnd(join(options.dataDir, "bridge/runs"), stopGraceMs);
    });

    return { address, setupLink: await internalClient(ports.internal, keys.operatorKey).setupLink(), isolation, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What the API would refuse when it starts is refused before anything does. */
function checkSettings(environment: NodeJS.ProcessEnv): void {
  try {
    readEnv(environment);
  } catch (error) {
    if (error instanceof EnvError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** Where this machine's own parts reach the API: it listens on loopback or on every address. */
function loopbackUrl({ host, port }: Options): string {
  return `http://${host === "::" || host === "::1" ? "[::1]" : host === "0.0.0.0" ? "127.0.0.1" : host}:${port}`;
}

async function explainPort({ host, port }: Options): Promise<void> {
  try {
    await checkPortIsFree(host, port);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const other = `Choose another one: npm start -- --port ${port === 7070 ? 7071 : port + 1} (or set QUARTERDECK_PORT).`;
    if (code === "EADDRINUSE")
      throw new UsageError(`Port ${port} on ${host} is already taken by another program. ${other}`, { cause: error });
    if (code === "EACCES") throw new UsageError(`Port ${port} may only be opened by root. ${other}`, { cause: error });
    if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
      throw new UsageError(`${host} is not an address of this machine. Change --host (or QUARTERDECK_HOST).`, {
        cause: error,
      });
    }
    throw error;
  }
}

async function enrolThisMachine(options: Options, ports: Ports, keys: Keys): Promise<void> {
  const bridgeDir = join(options.dataDir, "bridge");
  if (existsSync(join(bridgeDir, "identity.json"))) return;
  const answer = await internalClient(ports.internal, keys.operatorKey).enrolThisMachine(hostname());
  if (!("token" in answer)) {
    throw new Error(
      `The database knows this machine as ${answer.serverId}, but its key in ${bridgeDir} is gone. Restore ${bridgeDir} from a backup.`,
    );
  }
  const args = [
    "enrol",
    "--data",
    bridgeDir,
    "--url",
    loopbackUrl(options),
    "--platform-key",
    keys.platform.fingerprint,
    // Where it is allowed, as the API checked, the relay's address is not encrypted either.
    ...(options.publicUrl?.startsWith("http:") ? ["--allow-address", options.publicUrl] : []),
  ];
  const spec = bridgeSpec(options, args);
  const child = startChild({ ...spec, name: "enrol", env: { ...spec.env, QUARTERDECK_ENROL_TOKEN: answer.token } });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (...end) => resolve(end));
  });
  if (code !== 0)
    throw new Error(
      `Enrolling this machine ${describeExit(code, signal)}. The reason is at the end of ${spec.logFile}.`,
    );
}
