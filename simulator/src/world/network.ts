import type { World } from "./world.ts";

export type Direction = "toServer" | "toClient";

/** How one pair of places is connected, and what is wrong with it at the moment. */
export class Link {
  readonly name: string;
  readonly #world: World;
  readonly #blocked: Record<Direction, boolean> = { toServer: false, toClient: false };
  readonly #waiting = new Set<() => void>();
  latencyMs: readonly [number, number] = [1, 15];
  /** Of requests and of their answers: the share that gets lost, and the share of requests that comes twice. */
  requestLoss = 0;
  requestRepeat = 0;
  /** Of the messages of a WebSocket, which a broken box in between loses, repeats or swaps. */
  frameLoss = 0;
  frameRepeat = 0;
  frameSwap = 0;

  constructor(world: World, name: string) {
    this.#world = world;
    this.name = name;
  }

  delayMs(): number {
    const [least, most] = this.latencyMs;
    return least + this.#world.random.next() * (most - least);
  }

  /** A partition: what is sent in a blocked direction waits for its end. */
  block(direction: Direction, isBlocked: boolean): void {
    this.#blocked[direction] = isBlocked;
    if (isBlocked) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const act of waiting) act();
  }

  heal(): void {
    this.requestLoss = this.requestRepeat = this.frameLoss = this.frameRepeat = this.frameSwap = 0;
    this.latencyMs = [1, 15];
    this.block("toServer", false);
    this.block("toClient", false);
  }

  /** Does something as soon as the direction is open. */
  whenOpen(direction: Direction, act: () => void): void {
    if (!this.#blocked[direction]) return act();
    this.#waiting.add(() => this.whenOpen(direction, act));
  }
}

type Message =
  | { readonly kind: "opened" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "close"; code: number; reason: string };

/** What an end of a connection tells its owner. */
export interface EndListener {
  opened(): void;
  message(text: string): void;
  closed(code: number, reason: string, wasClean: boolean): void;
}

/** What one end has sent and the other has not got, at most: whoever sends more does not look whether anybody reads. */
const mostOnTheWay = { messages: 600, characters: 1_500_000 };

/** One end of a connection that keeps the order of messages, as TCP does. */
export class End {
  readonly wire: Wire;
  readonly #towards: Direction;
  listener: EndListener | undefined;
  isOpen = true;
  #freeAtMs = 0;
  #held: Message | undefined;
  readonly #onTheWay = { messages: 0, characters: 0 };

  constructor(wire: Wire, towards: Direction) {
    this.wire = wire;
    this.#towards = towards;
  }

  get #peer(): End {
    return this.#towards === "toServer" ? this.wire.server : this.wire.client;
  }

  /** Tells the other end that it is connected. */
  welcome(): void {
    this.#transmit({ kind: "opened" });
  }

  send(text: string): void {
    if (!this.isOpen) return;
    const { link, world } = this.wire;
    if (world.random.chance(link.frameLoss)) return world.trace("frame lost", link.name);
    const message: Message = { kind: "text", text };
    if (this.#held === undefined && world.random.chance(link.frameSwap)) {
      this.#held = message;
      return;
    }
    this.#transmit(message);
    if (world.random.chance(link.frameRepeat)) this.#transmit(message, "repeated");
    this.#releaseHeld();
  }

  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.#releaseHeld();
    this.#transmit({ kind: "close", code, reason });
    this.isOpen = false;
    // The peer answers the close; without an answer this end gives up.
    this.wire.later(30, () => this.#end(code, reason, true));
  }

  /** Ends it without a word to the owner of this end; the peer notices, if the network lets it. */
  abandon(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.listener = undefined;
    this.#transmit({ kind: "close", code: 1006, reason: "" });
  }

  /** The connection breaks at this end. */
  break(): void {
    this.#end(1006, "", false);
  }

  #end(code: number, reason: string, wasClean: boolean): void {
    this.isOpen = false;
    const { listener } = this;
    this.listener = undefined;
    listener?.closed(code, reason, wasClean);
  }

  #releaseHeld(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held) this.#transmit(held);
  }

  /** What the network repeats, nobody has sent: it does not count as that. */
  #transmit(message: Message, copy: "first" | "repeated" = "first"): void {
    const { link, world } = this.wire;
    const atMs = Math.max(this.#freeAtMs, world.timeline.nowMs + link.delayMs());
    this.#freeAtMs = atMs;
    if (copy === "first") this.#count(message, 1);
    const arrive = () => {
      if (copy === "first") this.#count(message, -1);
      this.#peer.#arrive(message);
    };
    world.timeline.after(atMs - world.timeline.nowMs, () => this.#whenThrough(arrive));
  }

  #count(message: Message, by: 1 | -1): void {
    const { link, world, isCut } = this.wire;
    const onTheWay = this.#onTheWay;
    onTheWay.messages += by;
    if (message.kind === "text") onTheWay.characters += by * message.text.length;
    const isTooMuch = onTheWay.messages > mostOnTheWay.messages || onTheWay.characters > mostOnTheWay.characters;
    if (isTooMuch && !isCut)
      world.violate(`memory: ${onTheWay.messages} messages wait on ${link.name}, ${onTheWay.characters} characters`);
  }

  /** Waits until neither the link nor this very connection is stalled. */
  #whenThrough(act: () => void): void {
    const { link, world, stalledUntilMs } = this.wire;
    const leftMs = stalledUntilMs - world.timeline.nowMs;
    if (leftMs > 0) world.timeline.after(leftMs, () => this.#whenThrough(act));
    else link.whenOpen(this.#towards, act);
  }

  #arrive(message: Message): void {
    if (this.wire.isCut || !this.listener) return;
    if (message.kind === "opened") this.listener.opened();
    else if (message.kind === "text") {
      if (this.isOpen) this.listener.message(message.text);
    } else this.#end(message.code, message.reason, message.code !== 1006);
  }
}

/** A connection between a client and a server. */
export class Wire {
  readonly world: World;
  readonly link: Link;
  readonly client: End;
  readonly server: End;
  isCut = false;
  /** Until when nothing gets through this connection, while a new one would work. */
  stalledUntilMs = 0;

  constructor(world: World, link: Link) {
    this.world = world;
    this.link = link;
    this.client = new End(this, "toServer");
    this.server = new End(this, "toClient");
  }

  later(delayMs: number, act: () => void): void {
    this.world.timeline.after(delayMs, act);
  }

  /** The connection is gone, with everything on the way; an end that does not hear of it must find out by itself. */
  cut(whoHears: "both" | "client" | "server" | "nobody"): void {
    if (this.isCut) return;
    this.isCut = true;
    if (whoHears === "both" || whoHears === "client") this.later(this.link.delayMs(), () => this.client.break());
    if (whoHears === "both" || whoHears === "server") this.later(this.link.delayMs(), () => this.server.break());
  }
}

/** The other side of a request cannot be reached. */
export class Unreachable extends Error {
  override readonly name = "TypeError";
}

/** All connections, requests and partitions. */
export class Network {
  readonly #world: World;
  readonly #links = new Map<string, Link>();
  readonly #wires = new Set<Wire>();

  constructor(world: World) {
    this.#world = world;
  }

  get links(): readonly Link[] {
    return [...this.#links.values()];
  }

  link(name: string): Link {
    const known = this.#links.get(name);
    if (known) return known;
    const link = new Link(this.#world, name);
    this.#links.set(name, link);
    return link;
  }

  wire(linkName: string): Wire {
    const wire = new Wire(this.#world, this.link(linkName));
    this.#wires.add(wire);
    return wire;
  }

  wiresOf(linkName: string): Wire[] {
    return [...this.#wires].filter((wire) => wire.link.name === linkName && !wire.isCut);
  }

  /** Cuts every connection of a link. */
  cut(linkName: string, whoHears: "both" | "client" | "server" | "nobody"): void {
    for (const wire of this.wiresOf(linkName)) {
      wire.cut(whoHears);
      this.#wires.delete(wire);
    }
  }

  heal(): void {
    for (const link of this.#links.values()) link.heal();
  }

  /** Sends a request and waits for its answer. What is lost is waited for until the caller gives up. */
  request<T>(linkName: string, handle: () => Promise<T>, signal?: AbortSignal | null): Promise<T> {
    const link = this.link(linkName);
    const { random, timeline } = this.#world;
    return new Promise((resolve, reject) => {
      let isAnswered = false;
      signal?.addEventListener("abort", () => {
        if (!isAnswered) reject(new Unreachable(`a request over ${linkName} was given up`));
      });
      const arrive = (isRepeat: boolean) => {
        timeline.after(link.delayMs() * (isRepeat ? 4 : 1), () => {
          link.whenOpen(
            "toServer",
            () =>
              void handle().then(
                (answer) => answerWith(() => resolve(answer)),
                (error: unknown) => answerWith(() => reject(error as Error)),
              ),
          );
        });
      };
      const answerWith = (act: () => void) => {
        if (random.chance(link.requestLoss)) return this.#world.trace("answer lost", linkName);
        timeline.after(link.delayMs(), () =>
          link.whenOpen("toClient", () => {
            isAnswered = true;
            act();
          }),
        );
      };
      if (random.chance(link.requestLoss)) this.#world.trace("request lost", linkName);
      else arrive(false);
      if (random.chance(link.requestRepeat)) arrive(true);
    });
  }
}
