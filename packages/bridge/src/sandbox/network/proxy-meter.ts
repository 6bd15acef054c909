import { createServer, type Server, type Socket } from "node:net";
import type { EgressMeter } from "./egress-meter.ts";
import { FairGrants } from "./fair-grants.ts";
import { readHostLine } from "./host-line.ts";
import { LineParser, ways, type Counted, type HostLine, type ProxyLine, type Way } from "./meter-lines.ts";

interface MeterClock {
  readonly monotonicMs: () => number;
  /** @returns takes it back */
  readonly later: (act: () => void, ms: number) => () => void;
}

interface Waiting {
  readonly way: Way;
  readonly bytes: number;
  readonly resolve: (bytes: number | null) => void;
  /** Whoever waits has gone when this happens. */
  readonly signal: AbortSignal;
  readonly onAbort: () => void;
}

const realClock: MeterClock = {
  monotonicMs: () => performance.now(),
  later(act, ms) {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
};

/** What was counted is told at most so often. */
const tellMs = 100;
const alone = "alone";

/**
 * The meter of one proxy. The bridge's host connects to it and gives leave, within the limits of project and workspace; until it has
 * come for the first time nothing passes. A run may outlive its bridge: while nobody can be asked, the proxy holds itself to the share
 * that it was told last.
 */
export class ProxyMeter implements EgressMeter {
  readonly #clock: MeterClock;
  readonly #waiting = new Map<number, Waiting>();
  readonly #counted: { -readonly [K in keyof Counted]: Counted[K] } = { received: 0, sent: 0 };
  #host: Socket | undefined;
  /** Whether the host has said on this connection how things stand. Until then it is as if it were not there. */
  #hasHeard = false;
  #stand: Extract<HostLine, { told: number }> | undefined;
  #last = 0;
  #tellLater: (() => void) | undefined;
  #own: Readonly<Record<Way, FairGrants>> | undefined;
  #ownLater: (() => void) | undefined;

  constructor(clock: MeterClock = realClock) {
    this.#clock = clock;
  }

  /** Where the host connects to. */
  server(): Server {
    return createServer((socket) => this.#connected(socket));
  }

  async allow(way: Way, bytes: number, signal: AbortSignal): Promise<number | null> {
    if (signal.aborted) return null;
    const isFree = this.#stand !== undefined && !this.#stand.isLimited;
    const allowed = isFree ? bytes : await this.#wait(way, bytes, signal);
    if (allowed === null) return null;
    this.#counted[way] += allowed;
    this.#tellLater ??= this.#clock.later(() => this.#tell(), tellMs);
    return allowed;
  }

  #wait(way: Way, bytes: number, signal: AbortSignal): Promise<number | null> {
    const id = ++this.#last;
    const { promise, resolve } = Promise.withResolvers<number | null>();
    const onAbort = () => this.#leave(id);
    this.#waiting.set(id, { way, bytes, resolve, signal, onAbort });
    signal.addEventListener("abort", onAbort);
    this.#ask(id);
    return promise;
  }

  #ask(id: number): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    const { way, bytes } = waiting;
    if (this.#stand?.isLimited === false) this.#grant(id, bytes);
    else if (this.#hasHeard) this.#say({ want: id, way, bytes });
    else if (this.#own) {
      this.#own[way].ask({ id: String(id), nodes: [alone], bytes });
      this.#grantOwn();
    }
  }

  #grant(id: number, bytes: number): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    waiting.signal.removeEventListener("abort", waiting.onAbort);
    waiting.resolve(Math.min(bytes, waiting.bytes));
  }

  #leave(id: number): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    this.#own?.[waiting.way].leave(String(id));
    if (this.#hasHeard) this.#say({ leave: id });
    waiting.resolve(null);
  }

  /** The newest host is the one that counts: the one before is gone, whether that was noticed or not. */
  #connected(socket: Socket): void {
    this.#host?.destroy();
    this.#host = socket;
    this.#hasHeard = false;
    const lines = new LineParser(readHostLine);
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      try {
        for (const line of lines.read(text)) this.#hear(line);
      } catch {
        socket.destroy(); // No host of ours says such a thing.
      }
    });
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#host === socket && this.#left());
    this.#tell();
  }

  #hear(line: HostLine): void {
    if ("grant" in line) return this.#grant(line.grant, line.bytes);
    this.#stand = line;
    this.#tell();
    if (!line.isLimited) for (const [id, { bytes }] of this.#waiting) this.#grant(id, bytes);
    if (this.#hasHeard) return undefined;
    this.#hasHeard = true;
    this.#own = undefined;
    this.#ownLater?.();
    for (const id of this.#waiting.keys()) this.#ask(id);
    return undefined;
  }

  #left(): void {
    this.#host = undefined;
    if (!this.#hasHeard) return;
    this.#hasHeard = false;
    const { isLimited = true, share = null } = this.#stand ?? {};
    if (!isLimited || share === null) return; // Nobody has said anything yet: nothing passes.
    const nowMs = this.#clock.monotonicMs();
    this.#own = { received: new FairGrants(), sent: new FairGrants() };
    for (const way of ways) this.#own[way].setRate(alone, share, { nowMs, isFull: false });
    for (const id of this.#waiting.keys()) this.#ask(id);
  }

  #grantOwn(): void {
    this.#ownLater?.();
    const own = this.#own;
    if (own === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    for (const way of ways) for (const { id, bytes } of own[way].grants(nowMs)) this.#grant(Number(id), bytes);
    const waitMs = Math.min(...ways.map((way) => own[way].waitMs(nowMs)));
    if (waitMs !== Number.POSITIVE_INFINITY)
      this.#ownLater = this.#clock.later(() => this.#grantOwn(), Math.max(1, waitMs));
  }

  #tell(): void {
    this.#tellLater?.();
    this.#tellLater = undefined;
    if (this.#host) this.#say({ counted: { ...this.#counted }, heard: this.#stand?.told ?? 0 });
  }

  #say(line: ProxyLine): void {
    this.#host?.write(`${JSON.stringify(line)}\n`);
  }
}
