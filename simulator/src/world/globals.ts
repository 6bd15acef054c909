import { createSubtle } from "../substitutes/subtle.ts";
import { currentProcess, ProcessKilled, requireProcess } from "./sim-process.ts";
import { SimResponse } from "../substitutes/response.ts";
import { request } from "../substitutes/fetch.ts";
import { ServerSocket } from "../actors/relay-sockets.ts";
import { BrowserSocket } from "../substitutes/browser-socket.ts";

const RealDate = Date;
const realNow = performance.now.bind(performance);
const realRandom = Math.random;
const real = { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate };

/** A timer of a simulated process: dead when its process is. */
class SimTimer {
  #isCleared = false;
  readonly #repeatMs: number | undefined;

  constructor(act: () => void, delayMs: number, repeats: boolean) {
    const process = requireProcess();
    const everyMs = Math.max(1, Number.isFinite(delayMs) ? delayMs : 1);
    this.#repeatMs = repeats ? everyMs : undefined;
    const ring = () => {
      if (this.#isCleared) return;
      if (this.#repeatMs === undefined) this.#isCleared = true;
      else process.after(this.#repeatMs, ring);
      act();
    };
    process.after(everyMs, ring);
  }

  clear(): void {
    this.#isCleared = true;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return !this.#isCleared;
  }

  [Symbol.dispose](): void {
    this.clear();
  }
}

function wallMs(): number {
  const process = currentProcess();
  return process ? Math.floor(process.machine.wallMs) : RealDate.now();
}

class SimDate extends RealDate {
  constructor(...args: [] | [number | string | Date]) {
    if (args.length === 0) super(wallMs());
    else super(...(args as [number]));
  }

  static override now(): number {
    return wallMs();
  }
}

/** Both halves are one: the client's is only handed on. */
class SocketPair {
  readonly 0: ServerSocket;
  readonly 1: ServerSocket;

  constructor() {
    this[0] = this[1] = new ServerSocket();
  }
}

type TimerAct = (...args: unknown[]) => void;

function startTimer(act: TimerAct, delayMs: number, repeats: boolean, args: unknown[]): SimTimer {
  return new SimTimer(() => act(...args), delayMs, repeats);
}

const clear = (timer: unknown) => {
  if (timer instanceof SimTimer) timer.clear();
  else if (timer !== undefined && timer !== null) real.clearTimeout(timer as NodeJS.Timeout);
};

/** One for all: an error takes longer to make than most events take. */
const timedOut = new DOMException("The operation timed out.", "TimeoutError");

function timeoutSignal(delayMs: number): AbortSignal {
  const controller = new AbortController();
  const expire = () => controller.abort(timedOut);
  if (currentProcess()) startTimer(expire, delayMs, false, []);
  else real.setTimeout(expire, delayMs).unref();
  return controller.signal;
}

/**
 * Puts the simulated clock, timers, randomness and network in the place of the global ones. Outside of simulated processes
 * the real ones still work, so that what runs the simulation is not simulated.
 */
export function installGlobals(): void {
  const define = (target: object, name: string, value: unknown) =>
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
  define(globalThis, "Date", SimDate);
  define(performance, "now", () => currentProcess()?.machine.world.timeline.nowMs ?? realNow());
  define(Math, "random", () => currentProcess()?.machine.world.random.next() ?? realRandom());
  define(globalThis, "setTimeout", (act: TimerAct, ms = 0, ...args: unknown[]) =>
    currentProcess() ? startTimer(act, ms, false, args) : real.setTimeout(act, ms, ...args),
  );
  define(globalThis, "setInterval", (act: TimerAct, ms = 0, ...args: unknown[]) =>
    currentProcess() ? startTimer(act, ms, true, args) : real.setInterval(act, ms, ...args),
  );
  define(globalThis, "setImmediate", (act: TimerAct, ...args: unknown[]) =>
    currentProcess() ? startTimer(act, 0, false, args) : real.setImmediate(act, ...args),
  );
  define(globalThis, "clearTimeout", clear);
  define(globalThis, "clearInterval", clear);
  define(globalThis, "clearImmediate", (timer: unknown) =>
    timer instanceof SimTimer ? timer.clear() : real.clearImmediate(timer as NodeJS.Immediate),
  );
  define(AbortSignal, "timeout", timeoutSignal);
  const realCrypto = globalThis.crypto;
  define(globalThis, "crypto", {
    subtle: createSubtle(),
    getRandomValues: <T extends Uint8Array>(array: T): T => {
      const process = currentProcess();
      if (!process) return realCrypto.getRandomValues(array as Uint8Array<ArrayBuffer>) as unknown as T;
      array.set(process.machine.world.random.bytes(array.length));
      return array;
    },
    randomUUID: () => randomUuid(),
  });
  define(globalThis, "fetch", request);
  define(globalThis, "Response", SimResponse);
  define(globalThis, "WebSocket", BrowserSocket);
  define(globalThis, "WebSocketPair", SocketPair);
  define(globalThis, "WebSocketRequestResponsePair", class {});
  define(globalThis, "window", {
    location: { href: "http://console/", protocol: "http:" },
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  });
  for (const level of ["log", "warn", "error"] as const) {
    const realWrite = console[level].bind(console);
    define(console, level, (...parts: unknown[]) => {
      const process = currentProcess();
      if (process) process.machine.world.trace(process.name, parts.map(String).join(" "));
      else realWrite(...parts);
    });
  }
}

/** A promise that nobody looks after ends the process that made it, as it does in Node. */
export function crashOwnersOfRejections(): void {
  process.on("unhandledRejection", (error) => {
    const owner = currentProcess();
    if (error instanceof ProcessKilled) return;
    if (!owner) throw error;
    owner.crash(error);
  });
}

export function randomUuid(): string {
  const hex = Buffer.from(requireProcess().machine.world.random.bytes(16)).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}
