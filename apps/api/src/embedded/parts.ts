import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import workerd from "workerd";
import type { Keys } from "../keys/keys.ts";
import type { RelayKey } from "../keys/relay-key.ts";
import type { ChildSpec } from "./child.ts";
import type { Isolation } from "./isolation-consent.ts";
import type { Options } from "./options.ts";
import { relayConfig } from "./relay-config.ts";
import { paths } from "./repository-paths.ts";

/** The loopback ports on which the parts find each other. They hold for one start; nobody else needs to know them. */
export interface Ports {
  readonly relay: number;
  readonly internal: number;
}

const ownerOnly = 0o077;
const usual = 0o022;

/** Where the supervisor holds its lifeline. */
export function lifelinePath(options: Options): string {
  return join(options.dataDir, "run/lifeline");
}

/** The part of the environment that every program may have; secrets of whoever called `npm start` stay out. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const names = ["HOME", "LANG", "LC_ALL", "TZ", "USER", "LOGNAME", "TMPDIR", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"];
  return given(names);
}

/** Those of the variables that whoever called `npm start` has set. */
function given(names: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

/** The caller's PATH without the folders that npm and the project's own tools put in front of it. */
function callersPath(): string {
  const isOurs = (folder: string) =>
    folder.startsWith(join(paths.root, "node_modules")) || folder.endsWith("/node-gyp-bin");
  const folders = (process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin")
    .split(":")
    .filter((folder) => folder !== "" && !isOurs(folder));
  const tools = folders.filter((folder) => folder.startsWith(join(paths.root, ".tools")));
  return [...folders.filter((folder) => !tools.includes(folder)), ...tools].join(":");
}

export function relaySpec(options: Options, ports: Ports, keys: { keys: Keys; relayKey: RelayKey }): ChildSpec {
  const cwd = join(options.dataDir, "run/relay");
  const stateDir = join(options.dataDir, "relay");
  mkdirSync(cwd, { recursive: true, mode: 0o700 });
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  copyFileSync(paths.relayBundle, join(cwd, "worker.js"));
  const config = relayConfig({ port: ports.relay, apiPort: ports.internal, stateDir });
  writeFileSync(join(cwd, "relay.capnp"), config, { mode: 0o600 });
  return {
    name: "relay",
    command: workerd.default,
    args: ["serve", "relay.capnp"],
    cwd,
    env: {
      ...plainEnvironment(),
      PLATFORM_KEYS: JSON.stringify(keys.keys.platform.set),
      RELAY_PRIVATE_KEY: keys.relayKey.privateKeyPkcs8,
      RELAY_CERTIFICATE: JSON.stringify(keys.relayKey.certificate),
      SERVICE_KEY: keys.keys.serviceKey,
    },
    logFile: join(options.dataDir, "logs/relay.log"),
    lifeline: lifelinePath(options),
    umask: ownerOnly,
  };
}

export function apiSpec(options: Options, ports: Ports): ChildSpec {
  const updates = ["QUARTERDECK_BRIDGE_TARBALL", "QUARTERDECK_ROLLOUT_SETTLE_MS"];
  const passedOn = [
    "QUARTERDECK_ALLOW_ADDRESS",
    "QUARTERDECK_DATABASE_URL",
    "QUARTERDECK_DATABASE_TOKEN",
    "QUARTERDECK_KEY",
    "QUARTERDECK_LOG_LEVEL",
    "QUARTERDECK_REQUESTS_PER_MINUTE",
    "QUARTERDECK_QUOTA_FILE",
    "QUARTERDECK_SMTP_URL",
    "QUARTERDECK_MAIL_FROM",
  ];
  return {
    name: "api",
    command: process.execPath,
    args: ["--disable-warning=ExperimentalWarning", paths.apiEntry],
    cwd: paths.apiDir,
    env: {
      ...plainEnvironment(),
      PATH: process.env["PATH"],
      ...given(passedOn),
      NODE_ENV: "production",
      QUARTERDECK_MODE: "embedded",
      QUARTERDECK_DATA: options.dataDir,
      QUARTERDECK_HOST: options.host,
      QUARTERDECK_PORT: String(options.port),
      ...(options.publicUrl === null ? {} : { QUARTERDECK_PUBLIC_URL: options.publicUrl }),
      QUARTERDECK_RELAY_URL: `http://127.0.0.1:${ports.relay}`,
      QUARTERDECK_INTERNAL_PORT: String(ports.internal),
      QUARTERDECK_WEB_DIST: paths.webDist,
      QUARTERDECK_BRIDGE_TARBALL: paths.bridgeTarball,
      ...given(updates),
    },
    logFile: join(options.dataDir, "logs/api.log"),
    lifeline: lifelinePath(options),
    umask: ownerOnly,
  };
}

/** The bridge's command line for one of its commands, with its environment. */
export function bridgeSpec(options: Options, args: readonly string[]): ChildSpec {
  return {
    name: "bridge",
    command: process.execPath,
    args: ["--disable-warning=ExperimentalWarning", paths.bridgeCli, ...args],
    cwd: options.dataDir,
    env: {
      ...plainEnvironment(),
      PATH: callersPath(),
      ...(process.env["QUARTERDECK_DRIVER"] && { QUARTERDECK_DRIVER: process.env["QUARTERDECK_DRIVER"] }),
      ...(process.env["QUARTERDECK_POLICY"] && { QUARTERDECK_POLICY: process.env["QUARTERDECK_POLICY"] }),
      ...(process.env["QUARTERDECK_BUBBLEWRAP"] && { QUARTERDECK_BUBBLEWRAP: process.env["QUARTERDECK_BUBBLEWRAP"] }),
    },
    logFile: join(options.dataDir, "logs/bridge.log"),
    lifeline: lifelinePath(options),
    umask: usual,
  };
}

/** The bridge's command that tries whether runs can be kept from the platform's files. */
export function isolationProbe(options: Options): ChildSpec {
  return bridgeSpec(options, ["isolation", "--data", join(options.dataDir, "bridge"), "--hide", options.dataDir]);
}

/**
 * The relay's port is another one at each start, and the bridge of this machine need not go through the API, so it is told
 * where the relay is.
 */
export function bridgeRunArgs(options: Options, ports: Ports, isolation: Isolation): string[] {
  const args = ["run", "--data", join(options.dataDir, "bridge"), "--hide", options.dataDir];
  args.push("--lifeline", lifelinePath(options), "--relay-url", `ws://127.0.0.1:${ports.relay}`);
  return isolation.kind === "consented" ? [...args, "--consent-no-isolation"] : args;
}
