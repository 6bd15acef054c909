import { mkdirSync } from "node:fs";
import type { ActionContext, Completion, OwnAction, WorkspaceCommand } from "../actions/action-context.ts";
import type { CommandRecord } from "../journal/command-record.ts";
import { isDiskFull } from "../disk/disk-full.ts";
import type { Log } from "../log.ts";
import type { ContentKeys } from "../sealing/content-keys.ts";
import type { ActiveRun } from "./active-run.ts";
import { cancelled, explainError, noRoom, sandboxMissing, timedOut } from "./completions.ts";
import type { RunCloser } from "./run-closer.ts";
import type { RunLedger } from "./run-ledger.ts";

interface OwnRunnerOptions {
  readonly context: ActionContext;
  readonly ledger: RunLedger;
  readonly closer: RunCloser;
  readonly contentKeys: ContentKeys;
  readonly log: Log;
}

/** Runs the short actions that the bridge does itself. */
export class OwnRunner {
  readonly #options: OwnRunnerOptions;

  constructor(options: OwnRunnerOptions) {
    this.#options = options;
  }

  async run(
    record: CommandRecord,
    command: WorkspaceCommand,
    { run, implementation }: { run: ActiveRun; implementation: OwnAction },
  ): Promise<void> {
    const { clock } = this.#options.ledger;
    if (!this.#makeRoom(run)) return this.#options.closer.close(record, command, { completion: noRoom });
    const startedAtMs = clock.nowMs();
    const begin = clock.monotonicMs();
    const timer = AbortSignal.timeout(Math.min(command.limits.timeoutMs, 2 ** 31 - 1));
    let completion = await this.#attempt(command, { run, implementation, timer });
    if (completion.verdict === "failed" && run.isCancelled) completion = cancelled;
    else if (completion.verdict === "failed" && timer.aborted) completion = timedOut;
    const durationMs = Math.round(clock.monotonicMs() - begin);
    const times = { startedAtMs, finishedAtMs: clock.nowMs(), durationMs };
    await this.#options.closer.close(record, command, { completion, times });
  }

  #makeRoom(run: ActiveRun): boolean {
    try {
      mkdirSync(run.directory.path, { recursive: true, mode: 0o700 });
      this.#options.contentKeys.keep(run.runId);
      return true;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      return false;
    }
  }

  async #attempt(
    command: WorkspaceCommand,
    { run, implementation, timer }: { run: ActiveRun; implementation: OwnAction; timer: AbortSignal },
  ): Promise<Completion> {
    const { context, log } = this.#options;
    if (run.isCancelled) return cancelled;
    if (context.sandbox.isolation === "missing" && command.action.startsWith("git."))
      return sandboxMissing(context.sandbox);
    const signal = AbortSignal.any([run.signal, timer]);
    return implementation
      .run(command, context, { runId: run.runId, directory: run.directory, signal })
      .catch((error: unknown) => explainError(error, log));
  }
}
