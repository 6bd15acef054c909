import { existsSync, mkdirSync } from "node:fs";
import { defaultOutputLimitBytes } from "@quarterdeck/core/actions/catalogue";
import type { RunId } from "@quarterdeck/core/ids";
import type { Command } from "@quarterdeck/core/protocol/command";
import {
  failed,
  type ActionContext,
  type Completion,
  type OwnAction,
  type ProgramAction,
  type WorkspaceCommand,
} from "../actions/action-context.ts";
import { GitReadFailed } from "../actions/repository-state.ts";
import { explainGitFailure } from "../actions/git-failure.ts";
import { findImplementation } from "../actions/implementations.ts";
import type { ProgramCall } from "../drivers/program-call.ts";
import type { CommandRecord } from "../journal/command-record.ts";
import { recoverRun } from "../journal/recovery.ts";
import { errorMessage, type Log } from "../log.ts";
import { killRun } from "../wrapper/end-run.ts";
import { ActiveRun } from "./active-run.ts";
import { finishedResult, startedResult, type RunTimes } from "./finished-result.ts";
import {
  clearStart,
  livingWrapper,
  prepareRun,
  readEvidence,
  readMarker,
  readOutputEnd,
  readResult,
} from "./run-files.ts";
import type { RunLedger } from "./run-ledger.ts";
import { watchRun } from "./run-watch.ts";
import type { LaunchedWrapper, WrapperLauncher } from "./wrapper-launcher.ts";

interface RunnerOptions {
  readonly context: ActionContext;
  readonly ledger: RunLedger;
  readonly launcher: WrapperLauncher;
  readonly bootId: string;
  readonly lifeline: string | null;
  readonly log: Log;
  /** A run has written something, or has ended. */
  readonly onOutput: (runId: RunId) => void;
  readonly onFatal: (error: unknown) => void;
}

const graceMs = 5000;
const maxReruns = 3;
const cancelled: Completion = {
  verdict: "cancelled",
  code: "CANCELLED",
  message: "It was cancelled.",
  repository: null,
};

/** Runs commands from the journal to their result, whatever was cut off on the way. */
export class Runner {
  readonly #options: RunnerOptions;
  readonly #active = new Map<RunId, ActiveRun>();

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  get activeCount(): number {
    return this.#active.size;
  }

  isActive(runId: RunId): boolean {
    return this.#active.has(runId);
  }

  /** Cancels a run; `false` when it is not active here. */
  cancel(runId: RunId): boolean {
    const run = this.#active.get(runId);
    run?.cancel();
    return run !== undefined;
  }

  /** Takes a journaled command to its end. Called for new ones, and at the start for every one without a result. */
  begin(record: CommandRecord, command: Command, { isCancelled }: { isCancelled: boolean }): void {
    if (this.#active.has(record.runId)) return;
    const run = new ActiveRun(record.runId, this.#options.context.data.run(record.runId), this.#options.bootId);
    this.#active.set(record.runId, run);
    if (isCancelled) run.cancel();
    void this.#toTheEnd(record, command as WorkspaceCommand, run)
      .catch(this.#options.onFatal)
      .finally(() => {
        this.#active.delete(record.runId);
        this.#options.onOutput(record.runId);
      });
  }

  /** Ends a command whose journal row is damaged: nobody knows whether it started. */
  async endDamaged(record: CommandRecord, command: Command): Promise<void> {
    await killRun(record.runId);
    const completion: Completion = {
      verdict: "indeterminate",
      code: "JOURNAL_DAMAGED",
      message: "The server's journal of this run is damaged, so nobody can say whether it had its effect.",
      repository: null,
    };
    await this.#finish(record, command, completion);
  }

  async #toTheEnd(record: CommandRecord, command: WorkspaceCommand, run: ActiveRun): Promise<void> {
    const { log } = this.#options;
    const implementation = findImplementation(command.action);
    if (!implementation) throw new Error(`no implementation of ${command.action}`);
    log.info("run begins", { runId: record.runId, action: command.action, state: record.state });
    if (implementation.kind === "own") await this.#runOwn(record, command, { run, implementation });
    else await this.#runProgram(record, command, { run, implementation });
  }

  async #runOwn(
    record: CommandRecord,
    command: WorkspaceCommand,
    { run, implementation }: { run: ActiveRun; implementation: OwnAction },
  ): Promise<void> {
    const { context, ledger } = this.#options;
    mkdirSync(run.directory.path, { recursive: true, mode: 0o700 });
    const startedAtMs = ledger.clock.nowMs();
    const begin = ledger.clock.monotonicMs();
    const timer = AbortSignal.timeout(Math.min(command.limits.timeoutMs, 2 ** 31 - 1));
    const signal = AbortSignal.any([run.signal, timer]);
    let completion: Completion;
    if (run.isCancelled) completion = cancelled;
    else if (context.sandbox.isolation === "missing" && command.action.startsWith("git."))
      completion = this.#sandboxMissing();
    else
      completion = await implementation
        .run(command, context, { runId: run.runId, directory: run.directory, signal })
        .catch((error: unknown) => this.#explain(error));
    if (completion.verdict === "failed" && run.isCancelled) completion = cancelled;
    else if (completion.verdict === "failed" && timer.aborted)
      completion = {
        verdict: "timedOut",
        code: "TIMED_OUT",
        message: "It ran longer than it may and was stopped.",
        repository: null,
      };
    const durationMs = Math.round(ledger.clock.monotonicMs() - begin);
    await this.#finish(record, command, completion, { startedAtMs, finishedAtMs: ledger.clock.nowMs(), durationMs });
  }

  #explain(error: unknown): Completion {
    if (error instanceof GitReadFailed) return failed("GIT_FAILED", explainGitFailure(error.message));
    const message = errorMessage(error);
    this.#options.log.warn("an action failed", { reason: message });
    return failed("INTERNAL", `The bridge could not do it: ${message}`);
  }

  #sandboxMissing(): Completion {
    const reason = this.#options.context.sandbox.reason ?? "";
    return {
      verdict: "refused",
      code: "SANDBOX_UNAVAILABLE",
      message: `Runs are refused on this server, because they could read the bridge's own files: ${reason} Install it, or start the bridge with --consent-no-isolation.`,
      repository: null,
    };
  }

  async #runProgram(
    first: CommandRecord,
    command: WorkspaceCommand,
    { run, implementation }: { run: ActiveRun; implementation: ProgramAction },
  ): Promise<void> {
    const { ledger, bootId } = this.#options;
    let record = first;
    for (;;) {
      const recovery = recoverRun(readEvidence(run.directory, bootId, record.effect));
      if (recovery === "finish") return this.#complete(record, command, { run, implementation });
      if (recovery === "adopt") {
        record = await this.#follow(record, command, { run });
        continue;
      }
      if (recovery === "indeterminate" || record.reruns >= maxReruns) return this.#endCutOff(record, command);
      if (recovery === "rerun") {
        await killRun(run.runId);
        clearStart(run.directory);
        record = { ...record, reruns: record.reruns + 1 };
        this.#options.log.warn("a run was cut off and is started again", { runId: run.runId, reruns: record.reruns });
      }
      if (run.isCancelled) return this.#finish(record, command, cancelled);
      const call = await this.#launchCall(command, implementation);
      if ("verdict" in call) return this.#finish(record, command, call);
      prepareRun(run.directory, {
        ...call,
        runId: run.runId,
        timeoutMs: command.limits.timeoutMs,
        outputLimitBytes: Math.min(command.limits.outputBytes, defaultOutputLimitBytes),
        graceMs,
        lifeline: this.#options.lifeline,
        isSandboxed: this.#options.context.sandbox.isolation === "hidden",
      });
      // Counts as a rerun if it never gets to its marker, so that a wrapper that cannot start is not started for ever.
      record = await ledger.intent(
        { ...record, reruns: record.reruns + (record.state === "RECEIVED" || recovery === "rerun" ? 0 : 1) },
        bootId,
      );
      record = await this.#follow(record, command, { run, launch: true });
    }
  }

  async #launchCall(command: WorkspaceCommand, implementation: ProgramAction): Promise<ProgramCall | Completion> {
    const { context } = this.#options;
    if (context.sandbox.isolation === "missing") return this.#sandboxMissing();
    try {
      const launch = await implementation.launch(command, context);
      return launch.kind === "program" ? launch.call : launch.completion;
    } catch (error) {
      return this.#explain(error);
    }
  }

  /** Follows a run until it has a result or its wrapper is gone. */
  async #follow(
    first: CommandRecord,
    command: WorkspaceCommand,
    { run, launch = false }: { run: ActiveRun; launch?: boolean },
  ): Promise<CommandRecord> {
    const { ledger, bootId, launcher, onOutput } = this.#options;
    let record = first;
    let wake: () => void = () => undefined;
    const stopWatching = watchRun(run.directory, {
      onOutput: () => onOutput(run.runId),
      onChange: () => wake(),
      mustLook: !launch,
    });
    let hasEnded = false;
    try {
      const wrapper: LaunchedWrapper | undefined = launch ? launcher.launch(run.directory) : undefined;
      void wrapper?.ended.then(() => {
        hasEnded = true;
        wake();
      });
      for (;;) {
        const changed = new Promise<void>((resolve) => (wake = resolve));
        const isOver = hasEnded || (!launch && livingWrapper(run.directory, bootId) === undefined);
        if (record.state !== "STARTED" && existsSync(run.directory.started)) {
          const marker = readMarker(run.directory);
          if (marker)
            record = await ledger.started(record, startedResult(command, ledger.serverId, marker.startedAtMs));
          if (marker) continue;
        }
        if (isOver || existsSync(run.directory.result)) return record;
        await changed;
      }
    } finally {
      stopWatching();
    }
  }

  async #complete(
    record: CommandRecord,
    command: WorkspaceCommand,
    { run, implementation }: { run: ActiveRun; implementation: ProgramAction },
  ): Promise<void> {
    const end = readResult(run.directory);
    if (!end) throw new Error(`the result of ${run.runId} disappeared`);
    const output = readOutputEnd(run.directory);
    const completion = await implementation
      .complete(command, this.#options.context, {
        completion: { verdict: end.verdict, code: end.code, message: end.message, repository: null },
        tail: output.tail.toString("utf8"),
      })
      .catch((error: unknown) => this.#explain(error));
    const { startedAtMs, finishedAtMs, durationMs } = end;
    const { ledger } = this.#options;
    const result = finishedResult({
      ids: command,
      serverId: ledger.serverId,
      completion,
      times: { startedAtMs, finishedAtMs, durationMs },
      output,
      end,
    });
    await ledger.done(record, result);
    this.#logEnd(record, completion);
  }

  async #endCutOff(record: CommandRecord, command: WorkspaceCommand): Promise<void> {
    await killRun(record.runId);
    const directory = this.#options.context.data.run(record.runId);
    if (!existsSync(directory.started)) {
      const message =
        "The server could not start the process that runs it. Nothing has happened; look at the bridge's log.";
      return this.#finish(record, command, { verdict: "refused", code: "INTERNAL", message, repository: null });
    }
    const marker = readMarker(directory);
    const finishedAtMs = this.#options.ledger.clock.nowMs();
    const message =
      record.effect === "once"
        ? "It was started and then cut off, so nobody can say whether it had its effect. It was not started again."
        : "It was cut off each time it was started.";
    await this.#finish(
      record,
      command,
      { verdict: "indeterminate", code: "CUT_OFF", message, repository: null },
      {
        startedAtMs: marker?.startedAtMs ?? null,
        finishedAtMs,
        durationMs: marker ? Math.max(0, finishedAtMs - marker.startedAtMs) : 0,
      },
    );
  }

  async #finish(record: CommandRecord, command: Command, completion: Completion, times?: RunTimes): Promise<void> {
    const { ledger, context } = this.#options;
    const output = readOutputEnd(context.data.run(record.runId));
    const finishedAtMs = ledger.clock.nowMs();
    const result = finishedResult({
      ids: command,
      serverId: ledger.serverId,
      completion,
      times: times ?? { startedAtMs: null, finishedAtMs, durationMs: 0 },
      output,
    });
    await ledger.done(record, result);
    this.#logEnd(record, completion);
  }

  #logEnd(record: CommandRecord, { verdict, code }: Completion): void {
    this.#options.log.info("run ended", { runId: record.runId, verdict, code });
  }
}
