import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compatibilityDate } from "../../../apps/api/src/embedded/relay-config.ts";
import { findFreePort } from "../../../apps/api/src/embedded/free-port.ts";
import { WorkerdProcess } from "./workerd-process.ts";

/** Passes every message of a bridge on to all viewers of its object and every one of a viewer to the bridge; no more. */
const worker = `
import { DurableObject } from "cloudflare:workers";
export class Bare extends DurableObject {
  fetch(request) {
    const { 0: client, 1: socket } = new WebSocketPair();
    this.ctx.acceptWebSocket(socket, [new URL(request.url).pathname.split("/")[1]]);
    return new Response(null, { status: 101, webSocket: client });
  }
  webSocketMessage(socket, message) {
    const to = this.ctx.getTags(socket)[0] === "bridge" ? "viewer" : "bridge";
    for (const other of this.ctx.getWebSockets(to)) other.send(message);
  }
}
export default {
  fetch(request, env) {
    const [, kind, name] = new URL(request.url).pathname.split("/");
    if (kind === "health") return new Response("ok");
    return env.OBJECTS.get(env.OBJECTS.idFromName(name)).fetch(request);
  },
};
`;

function config(port: number, stateDir: string): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "bare", worker = .bare),
    (name = "state", disk = (path = ${JSON.stringify(stateDir)}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "bare")],
);
const bare :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = ${JSON.stringify(compatibilityDate)},
  bindings = [(name = "OBJECTS", durableObjectNamespace = "Bare")],
  durableObjectNamespaces = [(className = "Bare", uniqueKey = "bare", enableSql = true)],
  durableObjectStorage = (localDisk = "state"),
);
`;
}

/** The peer of the relay's object: one that forwards frames and knows nothing of what they say. */
export async function startBareObject(folder: string): Promise<WorkerdProcess> {
  const stateDir = join(folder, "state");
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(join(folder, "worker.js"), worker);
  const port = await findFreePort();
  return WorkerdProcess.start({ folder, port, config: config(port, stateDir), environment: {} });
}
