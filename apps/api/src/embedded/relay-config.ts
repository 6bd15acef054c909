/** The same as in the relay's wrangler.jsonc; a test compares them. */
export const compatibilityDate = "2026-11-01";

/** The relay's bindings that are secret or change at each start: they travel in its environment, not in a file. */
export const relayEnvironmentNames = [
  "PLATFORM_KEYS",
  "RELAY_PRIVATE_KEY",
  "RELAY_CERTIFICATE",
  "SERVICE_KEY",
] as const;

/**
 * The configuration of workerd for the embedded relay. Paths of embedded files are relative to the configuration file.
 *
 * @param options.port loopback port of the relay
 * @param options.apiPort loopback port of the API's internal listener, which the relay reaches as a service binding
 *   because workerd refuses connections to private addresses
 * @param options.stateDir absolute path where the objects keep their storage
 */
export function relayConfig(options: { port: number; apiPort: number; stateDir: string }): string {
  const bindings = relayEnvironmentNames.map((name) => `    (name = ${text(name)}, fromEnvironment = ${text(name)}),`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "relay", worker = .relay),
    (name = "state", disk = (path = ${text(options.stateDir)}, writable = true)),
    (name = "api", external = (address = "127.0.0.1:${options.apiPort}", http = ())),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${options.port}", http = (), service = "relay")],
);
const relay :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = ${text(compatibilityDate)},
  bindings = [
    (name = "SERVER_SESSIONS", durableObjectNamespace = "ServerSession"),
    (name = "API", service = "api"),
${bindings.join("\n")}
  ],
  durableObjectNamespaces = [(className = "ServerSession", uniqueKey = "quarterdeck-server-session-v1", enableSql = true)],
  durableObjectStorage = (localDisk = "state"),
);
`;
}

/** A Cap'n Proto text literal; JSON's escapes are a subset of what it reads, but for non-ASCII, which stays as it is. */
function text(value: string): string {
  return JSON.stringify(value);
}
