import type { Machine } from "../world/machine.ts";
import { SimProcess } from "../world/sim-process.ts";
import { ObjectStorage } from "./object-storage.ts";
import type { ServerSocket } from "./relay-sockets.ts";
import type { RelayEnv, RelayInstance, ShippedRelay } from "./shipped-relay.ts";

const idleMs = 10_000;
/** An alarm that failed is tried again after this. */
const alarmRetryMs = 2000;

/**
 * One Durable Object: its storage and its sockets last; its instance is made when something happens, and goes when it is
 * idle, evicted, or its machine ends.
 */
export class RelayObject {
  readonly name: string;
  readonly storage: ObjectStorage;
  readonly #shipped: ShippedRelay;
  readonly #env: RelayEnv;
  readonly #machine: Machine;
  readonly #onStep: () => boolean;
  readonly #sockets = new Set<ServerSocket>();
  readonly #fenced = new WeakSet<ServerSocket>();
  readonly #welcomed = new WeakSet<ServerSocket>();
  #held: (() => void)[] = [];
  #isFlushPlanned = false;
  #instance: { readonly process: SimProcess; readonly object: RelayInstance; ready: Promise<unknown> } | undefined;
  /** What the instance has begun and not ended: it is not idle before. */
  #busy = 0;
  #usedAtMs = 0;
  #alarmPlan = 0;
  /** For checks: how often its instance was made. */
  wakes = 0;

  /** @param options.onStep called before and after each commit; says whether the machine ended there */
  constructor(
    name: string,
    options: { shipped: ShippedRelay; env: RelayEnv; machine: Machine; onStep: () => boolean },
  ) {
    this.name = name;
    this.#onStep = options.onStep;
    this.#shipped = options.shipped;
    this.#env = options.env;
    this.#machine = options.machine;
    this.storage = new ObjectStorage(() => this.#planFlush());
  }

  get #world() {
    return this.#machine.world;
  }

  get sockets(): readonly ServerSocket[] {
    return [...this.#sockets];
  }

  /** Calls a method of the object, as a stub does. The answer leaves when what was written before it is durable. */
  call<T>(act: (object: RelayInstance) => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#deliver(
        async (object) => {
          try {
            const value = await act(object);
            this.output(() => resolve(value));
          } catch (error) {
            this.output(() => reject(error as Error));
          }
        },
        () => reject(new Error("the object's machine went away")),
      );
    });
  }

  message(socket: ServerSocket, text: string): void {
    if (text === "ping") {
      socket.autoResponseAtMs = this.#machine.wallMs;
      return socket.answer("pong");
    }
    this.#deliver((object) => {
      const before = this.storage.rowsChanged;
      const handled = object.webSocketMessage(socket, text);
      if (this.#fenced.has(socket) && this.storage.rowsChanged !== before)
        this.#world.violate(
          `fencing: a frame of a replaced connection changed the storage of ${this.name}: ${text.slice(0, 80)}`,
        );
      return handled;
    });
  }

  /** A connection was welcomed: whichever was before it is fenced from now on, and those that were made earlier. */
  welcomed(socket: ServerSocket): void {
    this.#welcomed.add(socket);
    let isEarlier = true;
    for (const other of this.#sockets) {
      if (other === socket) isEarlier = false;
      else if (isEarlier || this.#welcomed.has(other)) this.#fenced.add(other);
    }
  }

  closed(socket: ServerSocket, how: { code: number; reason: string; wasClean: boolean }): void {
    this.#sockets.delete(socket);
    this.#deliver((object) => object.webSocketClose(socket, how.code, how.reason, how.wasClean));
  }

  /** Lets something leave the object: at once, or when what was written before is durable. */
  output(act: () => void): void {
    if (this.#isFlushPlanned) this.#held.push(act);
    else act();
  }

  /** Ends the instance; the sockets stay. Only between events, when nothing is under way. */
  hibernate(): void {
    if (!this.#instance || this.#busy > 0 || this.#isFlushPlanned) return;
    this.#instance.process.kill();
    this.#instance = undefined;
    this.#world.trace("hibernated", this.name);
  }

  /** The machine ends: what is not durable never happened, and every connection is cut. */
  crash(): void {
    this.#instance?.process.kill();
    this.#instance = undefined;
    this.#busy = 0;
    this.storage.rollback();
    this.#held = [];
    this.#isFlushPlanned = false;
    for (const socket of this.#sockets) socket.cut();
    this.#sockets.clear();
    this.#planAlarm();
  }

  #planFlush(): void {
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    const process = this.#instance?.process;
    this.#world.timeline.after(this.#world.random.between(0, 4), () => {
      if (process && this.#instance && this.#instance.process !== process) return;
      if (!this.#isFlushPlanned) return;
      if (this.#onStep()) return;
      this.storage.commit();
      if (this.#onStep()) return;
      this.#isFlushPlanned = false;
      const held = this.#held;
      this.#held = [];
      for (const act of held) act();
      this.#planAlarm();
    });
  }

  #planAlarm(): void {
    const atMs = this.storage.alarmAtMs;
    if (atMs === null) return;
    const plan = ++this.#alarmPlan;
    this.#world.timeline.after(Math.max(0, atMs - this.#machine.wallMs), () => {
      if (plan === this.#alarmPlan) this.#ring();
    });
  }

  #ring(): void {
    const atMs = this.storage.alarmAtMs;
    if (atMs === null) return;
    if (atMs > this.#machine.wallMs) return this.#planAlarm();
    this.storage.takeAlarm();
    this.#deliver(async (object) => {
      try {
        await object.alarm();
      } catch (error) {
        this.#world.trace("the alarm failed", String(error));
        this.#world.timeline.after(alarmRetryMs, () => this.#deliver((again) => again.alarm()));
      }
      this.#planFlush();
    });
  }

  #ensure() {
    if (this.#instance) return this.#instance;
    const process = new SimProcess(this.#machine, `relay ${this.name}`);
    this.wakes++;
    process.gate = (act) => this.output(act);
    const isAlive = () => process.isAlive;
    const instance = {
      process,
      object: undefined as unknown as RelayInstance,
      ready: Promise.resolve() as Promise<unknown>,
    };
    this.#instance = instance;
    const ctx = {
      storage: this.storage.view(isAlive),
      waitUntil: (work: Promise<unknown>) => this.#track(process, work),
      blockConcurrencyWhile: <T>(act: () => Promise<T>) => {
        const done = act();
        instance.ready = Promise.all([instance.ready, done]);
        return done;
      },
      acceptWebSocket: (socket: ServerSocket, tags: readonly string[]) => {
        socket.accept(this, tags);
        this.#sockets.add(socket);
      },
      getWebSockets: (tag?: string) =>
        [...this.#sockets].filter((socket) => tag === undefined || socket.tags.includes(tag)),
      setWebSocketAutoResponse: () => undefined,
      getWebSocketAutoResponseTimestamp: (socket: ServerSocket) =>
        socket.autoResponseAtMs === null ? null : new Date(socket.autoResponseAtMs),
    };
    process.run(() => (instance.object = new this.#shipped.ServerSession(ctx, this.#env)));
    return instance;
  }

  #track(process: SimProcess, work: Promise<unknown>): void {
    this.#busy++;
    const done = () => {
      if (process === this.#instance?.process) this.#busy--;
    };
    work.then(done, done);
  }

  #deliver(act: (object: RelayInstance) => unknown, onGone: () => void = () => undefined): void {
    if (!this.#machine.isUp) return onGone();
    const instance = this.#ensure();
    this.#usedAtMs = this.#world.timeline.nowMs;
    this.#world.timeline.after(idleMs, () => {
      if (this.#world.timeline.nowMs - this.#usedAtMs >= idleMs) this.hibernate();
    });
    instance.process.onEnd(onGone);
    const work = instance.ready.then(() => instance.process.run(() => act(instance.object)));
    this.#track(instance.process, work);
    work.catch((error: unknown) => this.#world.violate(`the relay threw: ${String((error as Error).stack)}`));
  }
}
