import type { RunId } from "@quarterdeck/core/ids";

/**
 * Which results a bridge owes: an end for each run that it has, and one start. Whatever it says beyond that is stored and
 * reported like the others, but counts against its rate (PROTOCOL 7.2). In memory only: after an eviction a start may come
 * once more.
 */
export class ExpectedResults {
  readonly #started = new Set<RunId>();

  /** @param isOpen whether the run is the bridge's and has not ended */
  take(result: { readonly runId: RunId; readonly isFinished: boolean }, isOpen: boolean): boolean {
    const { runId, isFinished } = result;
    const hasStarted = this.#started.has(runId);
    if (isFinished || !isOpen) this.#started.delete(runId);
    else this.#started.add(runId);
    return isOpen && (isFinished || !hasStarted);
  }
}
