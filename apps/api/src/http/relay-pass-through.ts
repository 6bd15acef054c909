import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Duplex } from "node:stream";
import type { Log } from "../log.ts";
import { refuseUpgrade } from "./refuse-upgrade.ts";

/** The relay proves nothing with them and must not see them. */
const keptBack = new Set(["cookie", "authorization", "host"]);

/**
 * Passes upgrades on to the relay, byte by byte, so that one address is enough for browsers and bridges. It reads nothing
 * of what goes through.
 */
export class RelayPassThrough {
  readonly #relayUrl: URL;
  readonly #log: Log;
  readonly #open = new Set<Duplex>();

  constructor(relayUrl: string, log: Log) {
    this.#relayUrl = new URL(relayUrl);
    this.#log = log;
  }

  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const upstream = this.#connect();
    let isConnected = false;
    upstream.once(this.#relayUrl.protocol === "https:" ? "secureConnect" : "connect", () => {
      isConnected = true;
      upstream.setNoDelay(true);
      upstream.write(rewriteRequest(request, this.#relayUrl.host));
      upstream.write(head);
      socket.pipe(upstream).pipe(socket);
    });
    upstream.on("error", (error) => {
      this.#log.debug({ err: error }, "a connection to the relay failed");
      if (isConnected) socket.destroy();
      else
        refuseUpgrade(socket, {
          code: "RELAY_UNAVAILABLE",
          message: "The relay is not reachable at the moment. Try again in a few seconds.",
        });
    });
    socket.on("error", () => upstream.destroy()); // The peer went away: nothing to tell it.
    for (const side of [socket, upstream]) {
      this.#open.add(side);
      side.on("close", () => {
        this.#open.delete(side);
        if (isConnected || side === socket) (side === socket ? upstream : socket).destroy();
      });
    }
  }

  /** Cuts everything that passes through; both ends reconnect by themselves. */
  close(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #connect(): Socket {
    const { protocol, hostname, port } = this.#relayUrl;
    const host = hostname.replace(/^\[|\]$/g, "");
    if (protocol === "https:") return connectTls({ host, port: Number(port || 443), servername: host });
    return connect({ host, port: Number(port || 80) });
  }
}

function rewriteRequest({ method, url, rawHeaders }: IncomingMessage, host: string): string {
  let text = `${method} ${url} HTTP/1.1\r\nhost: ${host}\r\n`;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? "";
    if (!keptBack.has(name.toLowerCase())) text += `${name}: ${rawHeaders[i + 1]}\r\n`;
  }
  return `${text}\r\n`;
}
