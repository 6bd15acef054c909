import { AsyncLocalStorage } from "node:async_hooks";
import type { Machine } from "./machine.ts";

const context = new AsyncLocalStorage<SimProcess>();

/** Thrown into whatever a killed process still tries to do. Nobody hears of it. */
export class ProcessKilled extends Error {
  override readonly name = "ProcessKilled";
}

/** One simulated operating-system process: what belongs to it is told apart by the asynchronous context it runs in. */
export class SimProcess {
  readonly machine: Machine;
  readonly name: string;
  readonly pid: number;
  readonly startTicks: string;
  readonly #signals = new Map<string, Set<() => void>>();
  readonly #onEnd = new Set<() => void>();
  /** Holds back what leaves the process until something is durable. */
  gate: (act: () => void) => void = (act) => act();
  #isAlive = true;
  /** Another process of its machine killed it. */
  diedOfSignal = false;
  /** The durable steps to go until a kill that was planned; `null`: none is. */
  #stepsLeft: number | null = null;
  readonly #held: (() => void)[] = [];
  #isPausedUntilMs = 0;

  constructor(machine: Machine, name: string) {
    this.machine = machine;
    this.name = name;
    this.pid = machine.takePid(this);
    this.startTicks = String(Math.floor(machine.world.timeline.nowMs) + this.pid);
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Does something as this process. Nothing happens when it is dead. */
  run<T>(act: () => T): T | undefined {
    if (!this.#isAlive) return undefined;
    return context.run(this, () => {
      try {
        return act();
      } catch (error) {
        if (!(error instanceof ProcessKilled)) this.crash(error);
        return undefined;
      }
    });
  }

  /** Does something later as this process, at the earliest when it is not stopped any more. */
  after(delayMs: number, act: () => void): void {
    const { timeline } = this.machine.world;
    timeline.after(delayMs, () => {
      if (timeline.nowMs < this.#isPausedUntilMs) this.#held.push(act);
      else this.run(act);
    });
  }

  /** SIGSTOP, and SIGCONT after a while. What was held back comes first then, in its order. */
  pause(durationMs: number): void {
    const { timeline } = this.machine.world;
    this.#isPausedUntilMs = timeline.nowMs + durationMs;
    const resume = () => {
      if (timeline.nowMs < this.#isPausedUntilMs) return;
      for (const act of this.#held.splice(0)) this.run(act);
    };
    if (durationMs === 0) resume();
    else timeline.after(durationMs, resume);
  }

  onSignal(signal: string, listener: () => void): void {
    const listeners = this.#signals.get(signal) ?? new Set();
    this.#signals.set(signal, listeners.add(listener));
  }

  offSignal(signal: string, listener: () => void): void {
    this.#signals.get(signal)?.delete(listener);
  }

  signal(signal: string): void {
    const listeners = [...(this.#signals.get(signal) ?? [])];
    if (signal === "SIGKILL" || listeners.length === 0) {
      this.diedOfSignal ||= this.#isAlive;
      this.kill();
    } else for (const listener of listeners) this.after(0, listener);
  }

  onEnd(act: () => void): void {
    this.#onEnd.add(act);
  }

  /** Plans a kill exactly at a durable step, `steps` of them from now. */
  killAtStep(steps: number): void {
    this.#stepsLeft = steps;
  }

  /** Forgets a kill that was planned. */
  spare(): void {
    this.#stepsLeft = null;
  }

  /** Called around each durable step. Kills the process when its time has come. */
  step(): void {
    if (!this.#isAlive) throw new ProcessKilled(this.name);
    if (this.#stepsLeft === null || --this.#stepsLeft > 0) return;
    this.kill();
    throw new ProcessKilled(this.name);
  }

  /** Nobody caught an error, which ends a process. */
  crash(error: unknown): void {
    this.machine.world.trace("uncaught", `${this.name}: ${error instanceof Error ? error.stack : String(error)}`);
    this.kill();
  }

  kill(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.machine.forget(this);
    this.machine.world.trace("killed", this.name);
    for (const act of this.#onEnd) act();
  }
}

export function currentProcess(): SimProcess | undefined {
  return context.getStore();
}

/** The process that is running. Throws where there is none, and where it is dead. */
export function requireProcess(): SimProcess {
  const running = context.getStore();
  if (!running) throw new Error("this happens outside of every simulated process");
  if (!running.isAlive) throw new ProcessKilled(running.name);
  return running;
}
