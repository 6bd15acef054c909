import { worksOnBridge } from "@quarterdeck/core/actions/catalogue";
import { updateBridge } from "../actions/bridge-update.ts";
import type { Completion } from "../actions/action-context.ts";
import type { ExecutionHost, HostCommand } from "../host/execution-host.ts";
import type { CommandRecord } from "../journal/command-record.ts";
import { isDiskFull } from "../disk/disk-full.ts";
import type { Log } from "../log.ts";
import type { ContentKeys } from "../sealing/content-keys.ts";
import type { ActiveRun } from "./active-run.ts";
import { cancelled, explainError, noRoom, timedOut } from "./completions.ts";
import type { RunCloser } from "./run-closer.ts";
import type { RunLedger } from "./run-ledger.ts";
import type { Updater } from "../update/updater.ts";

interface OwnRunnerOptions {
  readonly host: Pick<ExecutionHost, "runOwn">;
  /** Replaces the bridge by another version; null where no launcher would start that. */
  readonly updater: Updater | null;
  readonly ledger: RunLedger;
  readonly closer: RunCloser;
  readonly contentKeys: ContentKeys;
  readonly log: Log;
}

/** Runs the short actions that need no wrapper: those on the bridge here, the others in the host. */
export class OwnRunner {
  readonly #options: OwnRunnerOptions;

  constructor(options: OwnRunnerOptions) {
    this.#options = options;
  }

  async run(record: CommandRecord, work: HostCommand, run: ActiveRun): Promise<void> {
    const { command } = work;
    const { clock } = this.#options.ledger;
    if (!this.#makeRoom(run)) return this.#options.closer.close(record, command, { completion: noRoom });
    const startedAtMs = clock.nowMs();
    const begin = clock.monotonicMs();
    const timer = AbortSignal.timeout(Math.min(command.limits.timeoutMs, 2 ** 31 - 1));
    let completion = await this.#attempt(work, { run, timer });
    if (completion.verdict === "failed" && run.isCancelled) completion = cancelled;
    else if (completion.verdict === "failed" && timer.aborted) completion = timedOut;
    const durationMs = Math.round(clock.monotonicMs() - begin);
    const times = { startedAtMs, finishedAtMs: clock.nowMs(), durationMs };
    await this.#options.closer.close(record, command, { completion: run.endedAs(completion), times });
  }

  #makeRoom(run: ActiveRun): boolean {
    try {
      this.#options.contentKeys.keep(run.runId);
      return true;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      return false;
    }
  }

  async #attempt(
    work: HostCommand,
    { run, timer }: { readonly run: ActiveRun; readonly timer: AbortSignal },
  ): Promise<Completion> {
    const { host, updater, log } = this.#options;
    if (run.isCancelled) return cancelled;
    const signal = AbortSignal.any([run.signal, timer]);
    const attempt = worksOnBridge(work.command.action)
      ? updateBridge(work.command, updater, { runId: run.runId, signal })
      : host.runOwn(work, signal);
    return attempt.catch((error: unknown) => explainError(error, log));
  }
}
