import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** What happens to the bytes of one direction. */
export interface Fault {
  /** They vanish; the sender is told nothing. */
  readonly isSilent?: boolean;
  /** They wait until this fault ends. */
  readonly isStalled?: boolean;
  readonly delayMs?: number;
  readonly bytesPerSecond?: number;
  /** After so many bytes, counted from now on, both ends are reset. */
  readonly cutAfterBytes?: number;
}

export type Direction = "toServer" | "toClient";

interface Pair {
  readonly toServer: Pipe;
  readonly toClient: Pipe;
  destroy(): void;
}

/** One direction of one connection. */
class Pipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #fault: () => Fault;
  readonly #onCut: () => void;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #freeAtMs = 0;

  constructor(sockets: { from: Socket; to: Socket }, fault: () => Fault, onCut: () => void) {
    this.#from = sockets.from;
    this.#to = sockets.to;
    this.#fault = fault;
    this.#onCut = onCut;
    this.#from.on("data", (data: Buffer) => this.#pass(data));
    this.#from.on("end", () => {
      if (!this.#fault().isSilent) this.#to.end();
    });
    this.#from.on("error", () => this.#to.destroy()); // A reset of one end is a reset of the other.
  }

  get heldBytes(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length, 0);
  }

  /** The fault has changed. */
  changed(): void {
    this.#bytes = 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const data of waiting) this.#pass(data);
  }

  #pass(data: Buffer): void {
    const { isSilent, isStalled, delayMs = 0, bytesPerSecond, cutAfterBytes } = this.#fault();
    if (isSilent) return;
    if (isStalled) {
      this.#waiting.push(data);
      return;
    }
    this.#bytes += data.length;
    if (cutAfterBytes !== undefined && this.#bytes > cutAfterBytes) {
      const rest = data.length - (this.#bytes - cutAfterBytes);
      if (rest > 0) this.#to.write(data.subarray(0, rest));
      return this.#onCut();
    }
    const nowMs = performance.now();
    const lasts = bytesPerSecond === undefined ? 0 : (data.length / bytesPerSecond) * 1000;
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs + delayMs) + lasts;
    if (this.#freeAtMs <= nowMs) this.#to.write(data);
    else setTimeout(() => this.#to.writable && this.#to.write(data), this.#freeAtMs - nowMs);
  }
}

/** A network that misbehaves: passes TCP on to a port of this machine, and does to it what a test says. */
export class FaultProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #clients = new Map<Pair, Socket>();
  readonly #servers = new Set<Socket>();
  readonly #faults: Record<Direction, Fault> = { toServer: {}, toClient: {} };
  #isClosed = false;
  /** Connections that were made through it. */
  accepted = 0;

  private constructor(targetPort: number) {
    this.#server = createServer({ allowHalfOpen: true }, (client) => {
      this.accepted++;
      if (this.#isClosed) client.resetAndDestroy();
      else this.#join(client, targetPort);
    });
  }

  static async start(targetPort: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(targetPort);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many bytes stalled connections hold. */
  get heldBytes(): number {
    return [...this.#pairs].reduce((sum, { toServer, toClient }) => sum + toServer.heldBytes + toClient.heldBytes, 0);
  }

  /** Lets a fault happen in a direction, to every connection there is and will be. */
  set(direction: Direction, fault: Fault): void {
    this.#faults[direction] = fault;
    for (const pair of this.#pairs) pair[direction].changed();
  }

  /** No fault any more. */
  heal(): void {
    this.#isClosed = false;
    this.set("toServer", {});
    this.set("toClient", {});
  }

  /** Resets every connection, and every new one until it is healed. */
  partition(): void {
    this.#isClosed = true;
    this.reset();
  }

  /** Resets every connection. New ones are made. */
  reset(): void {
    for (const pair of this.#pairs) pair.destroy();
  }

  /** The client is cut off; the server is never told, and its end stays open. */
  leaveHalfOpen(): void {
    for (const pair of this.#pairs) this.#clients.get(pair)?.resetAndDestroy();
  }

  async stop(): Promise<void> {
    this.partition();
    for (const socket of this.#servers) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(client: Socket, targetPort: number): void {
    const server = connect({ port: targetPort, host: "127.0.0.1", allowHalfOpen: true });
    const destroy = () => {
      client.resetAndDestroy();
      server.resetAndDestroy();
    };
    const pair: Pair = {
      toServer: new Pipe({ from: client, to: server }, () => this.#faults.toServer, destroy),
      toClient: new Pipe({ from: server, to: client }, () => this.#faults.toClient, destroy),
      destroy,
    };
    this.#pairs.add(pair);
    this.#clients.set(pair, client);
    this.#servers.add(server);
    client.on("close", () => {
      this.#pairs.delete(pair);
      this.#clients.delete(pair);
    });
    server.on("close", () => this.#servers.delete(server));
  }
}
