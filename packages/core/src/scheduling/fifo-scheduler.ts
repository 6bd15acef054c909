import { accept, refuse, type Result } from "../errors/result.ts";
import type { RunId } from "../ids.ts";
import type { Ledger } from "../quota/ledger.ts";
import type { QueuedRun, Scheduler, Waiting } from "./scheduler.ts";

/**
 * First in, first out over one ledger. Runs of one order key start one after the other; a run that does not fit holds
 * back every later run that demands something, so that a big one is never overtaken for ever.
 */
export class FifoScheduler implements Scheduler {
  readonly #ledger: Ledger;
  readonly #waiting = new Map<RunId, QueuedRun>();
  readonly #dispatched = new Map<RunId, QueuedRun>();
  readonly #busyOrders = new Map<string, RunId>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  enqueue(run: QueuedRun): void {
    if (!this.#waiting.has(run.runId) && !this.#dispatched.has(run.runId)) this.#waiting.set(run.runId, run);
  }

  resume(run: QueuedRun): void {
    this.#waiting.delete(run.runId);
    this.#ledger.reserve(run.runId, run.demand);
    this.#hold(run);
  }

  remove(runId: RunId): boolean {
    return this.#waiting.delete(runId);
  }

  next(): QueuedRun | undefined {
    let isHeldBack = false;
    for (const run of this.#eligible()) {
      const asksForSomething = run.demand.cpu + run.demand.memory + run.demand.runs > 0;
      if (isHeldBack && asksForSomething) continue;
      if (!this.#ledger.reserve(run.runId, run.demand).ok) {
        isHeldBack = true;
        continue;
      }
      this.#waiting.delete(run.runId);
      this.#hold(run);
      return run;
    }
    return undefined;
  }

  ended(runId: RunId): boolean {
    const run = this.#dispatched.get(runId);
    if (!run) return false;
    this.#dispatched.delete(runId);
    this.#ledger.release(runId);
    if (run.orderKey !== null && this.#busyOrders.get(run.orderKey) === runId) this.#busyOrders.delete(run.orderKey);
    return true;
  }

  explain(runId: RunId): Result<Waiting> {
    const run = this.#waiting.get(runId);
    if (!run) return refuse("NOT_FOUND", `${runId} does not wait here`);
    const behind = this.#predecessor(run);
    if (behind) return accept({ reason: "order", behind });
    const position = [...this.#eligible()].findIndex((other) => other.runId === runId) + 1;
    if (position > 1) return accept({ reason: "turn", position });
    const { cpu, memory, runs } = this.#ledger.limit();
    const message = `needs ${run.demand.cpu} millicores and ${run.demand.memory} bytes; the server has ${cpu} millicores, ${memory} bytes and room for ${runs} runs, and others use it now`;
    return accept({ reason: "capacity", position, message });
  }

  /** The waiting runs whose order key is free, oldest first, one per key. */
  *#eligible(): Generator<QueuedRun> {
    const seen = new Set<string>();
    for (const run of this.#waiting.values()) {
      if (run.orderKey === null) yield run;
      else if (!seen.has(run.orderKey)) {
        seen.add(run.orderKey);
        if (!this.#busyOrders.has(run.orderKey)) yield run;
      }
    }
  }

  #predecessor(run: QueuedRun): RunId | undefined {
    if (run.orderKey === null) return undefined;
    let last = this.#busyOrders.get(run.orderKey);
    for (const other of this.#waiting.values()) {
      if (other.runId === run.runId) return last;
      if (other.orderKey === run.orderKey) last = other.runId;
    }
    return last;
  }

  #hold(run: QueuedRun): void {
    this.#dispatched.set(run.runId, run);
    if (run.orderKey !== null) this.#busyOrders.set(run.orderKey, run.runId);
  }
}
