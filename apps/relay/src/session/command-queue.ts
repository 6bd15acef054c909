import { accept, refuse, type Result } from "@quarterdeck/core/errors/result";
import type { RunId } from "@quarterdeck/core/ids";
import { FlatLedger } from "@quarterdeck/core/quota/flat-ledger";
import { noResources, resourceNames, type Resources } from "@quarterdeck/core/quota/resources";
import { FifoScheduler } from "@quarterdeck/core/scheduling/fifo-scheduler";
import type { QueuedRun, Waiting } from "@quarterdeck/core/scheduling/scheduler";
import { needsRenewal } from "./renewal.ts";

/** A run in the queue, and until when its command may be dispatched. */
export interface WaitingRun extends QueuedRun {
  readonly expiresAtMs: number;
}

/** What happens next in the queue: a run is dispatched, steps aside until it has a new signature, or can never start. */
export type Decision =
  | { readonly kind: "dispatch"; readonly run: QueuedRun }
  | { readonly kind: "renew"; readonly run: QueuedRun }
  | { readonly kind: "unfit"; readonly run: QueuedRun; readonly message: string };

const unlimited: Resources = {
  cpu: Number.MAX_SAFE_INTEGER,
  memory: Number.MAX_SAFE_INTEGER,
  runs: Number.MAX_SAFE_INTEGER,
};

/**
 * The runs of one server in memory: who waits, who runs, who is next. It is rebuilt from the stored runs in their order,
 * and then decides as before.
 */
export class CommandQueue {
  readonly #ledger = new FlatLedger(unlimited);
  readonly #scheduler = new FifoScheduler(this.#ledger);
  readonly #waiting = new Map<RunId, WaitingRun>();
  /** Runs whose turn it was and whose signature runs out. They hold their place in their order and no resources. */
  readonly #aside = new Set<RunId>();
  #mayHoldUnfit = false;

  /** @param runs every run that has not ended, oldest first; `isDispatched` tells which the bridge has */
  constructor(runs: readonly (WaitingRun & { readonly isDispatched: boolean })[]) {
    for (const run of runs) {
      // Reservations that exist are kept even above the limit, so the limit is set after them.
      if (run.isDispatched) this.#scheduler.resume(run);
      else this.enqueue(run);
    }
  }

  setCapacity(capacity: Resources): void {
    this.#ledger.setLimit(capacity);
    this.#mayHoldUnfit = true;
  }

  enqueue(run: WaitingRun): void {
    this.#waiting.set(run.runId, run);
    this.#scheduler.enqueue(run);
    this.#mayHoldUnfit = true;
  }

  /** Takes out a waiting run. Returns whether it waited. */
  remove(runId: RunId): boolean {
    this.#waiting.delete(runId);
    if (!this.#aside.delete(runId)) return this.#scheduler.remove(runId);
    this.#scheduler.ended(runId);
    return true;
  }

  /** Releases what a dispatched run held. Returns whether it was dispatched. */
  ended(runId: RunId): boolean {
    return !this.#aside.has(runId) && this.#scheduler.ended(runId);
  }

  isWaiting(runId: RunId): boolean {
    return this.#waiting.has(runId) || this.#aside.has(runId);
  }

  /** The runs that stepped aside. They come back when the queue is built again from rows with new signatures. */
  renewals(): RunId[] {
    return [...this.#aside];
  }

  /** Takes the next run out of the queue, or says that nothing may start now. */
  decide(nowMs: number): Decision | undefined {
    const unfit = this.#takeUnfit();
    if (unfit) return unfit;
    const run = this.#scheduler.next();
    if (!run) return undefined;
    const waited = this.#waiting.get(run.runId);
    this.#waiting.delete(run.runId);
    if (!waited || !needsRenewal(waited.expiresAtMs, nowMs)) return { kind: "dispatch", run };
    this.#scheduler.ended(run.runId);
    if (run.orderKey !== null) this.#scheduler.resume({ ...run, demand: noResources });
    this.#aside.add(run.runId);
    return { kind: "renew", run };
  }

  explain(runId: RunId): Result<Waiting | { readonly reason: "signature" }> {
    if (this.#aside.has(runId)) return accept({ reason: "signature" });
    if (!this.#waiting.has(runId)) return refuse("NOT_FOUND", `${runId} does not wait here`);
    return this.#scheduler.explain(runId);
  }

  /** A run that demands more than the whole server has can never start and would hold back all others for ever. */
  #takeUnfit(): Decision | undefined {
    if (!this.#mayHoldUnfit) return undefined;
    const limit = this.#ledger.limit();
    for (const run of this.#waiting.values()) {
      const short = resourceNames.find((name) => run.demand[name] > limit[name]);
      if (!short) continue;
      this.remove(run.runId);
      const message = `It asks for ${run.demand[short]} of ${short}, and this server offers ${limit[short]} in all.`;
      return { kind: "unfit", run, message };
    }
    this.#mayHoldUnfit = false;
    return undefined;
  }
}
