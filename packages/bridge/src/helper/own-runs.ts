import type { RunId } from "@quarterdeck/core/ids";
import type { Completion } from "../actions/action-context.ts";
import type { ExecutionHost, HostCommand } from "../host/execution-host.ts";

interface OwnRunGoingOn {
  readonly completion: Promise<Completion>;
  readonly abort: AbortController;
}

const longestTimerMs = 2 ** 31 - 1;

/** The short actions that go on. Whoever asks again, because the answer was lost, gets the same one. */
export class OwnRuns {
  readonly #host: Pick<ExecutionHost, "runOwn">;
  readonly #running = new Map<RunId, OwnRunGoingOn>();

  constructor(host: Pick<ExecutionHost, "runOwn">) {
    this.#host = host;
  }

  find(runId: RunId): Promise<Completion> | undefined {
    return this.#running.get(runId)?.completion;
  }

  run(work: HostCommand): Promise<Completion> {
    const { runId, limits } = work.command;
    const abort = new AbortController();
    const timer = AbortSignal.timeout(Math.min(limits.timeoutMs, longestTimerMs));
    const completion = this.#host
      .runOwn(work, AbortSignal.any([abort.signal, timer]))
      .finally(() => this.#running.delete(runId));
    this.#running.set(runId, { completion, abort });
    return completion;
  }

  cancel(runId: RunId): void {
    this.#running.get(runId)?.abort.abort();
  }
}
