import { existsSync } from "node:fs";
import { defaultOutputLimitBytes } from "@quarterdeck/core/actions/catalogue";
import { kibibyte } from "@quarterdeck/core/units";
import type { Refusal } from "@quarterdeck/core/errors/result";
import {
  refused,
  type ActionContext,
  type Completion,
  type ProgramAction,
  type WorkspaceCommand,
} from "../actions/action-context.ts";
import { isDiskFull } from "../disk/disk-full.ts";
import { freeBytes } from "../disk/disk-space.ts";
import type { ProgramCall } from "../drivers/program-call.ts";
import type { SecretInput } from "@quarterdeck/core/actions/secret-input";
import type { ContentKeys } from "../sealing/content-keys.ts";
import type { CommandRecord } from "../journal/command-record.ts";
import { recoverRun } from "../journal/recovery.ts";
import type { Log } from "../log.ts";
import { killRun } from "../wrapper/end-run.ts";
import type { ActiveRun } from "./active-run.ts";
import { cancelled, explainError, noRoom, sandboxMissing } from "./completions.ts";
import type { RunCloser } from "./run-closer.ts";
import { clearStart, prepareRun, readEvidence, readMarker, readOutputEnd, readResult } from "./run-files.ts";
import type { RunFollower } from "./run-follower.ts";
import type { RunLedger } from "./run-ledger.ts";
import type { WrapperSpec } from "../wrapper/wrapper-spec.ts";

interface ProgramRunnerOptions {
  readonly context: ActionContext;
  readonly ledger: RunLedger;
  readonly closer: RunCloser;
  readonly contentKeys: ContentKeys;
  readonly follower: RunFollower;
  readonly bootId: string;
  readonly lifeline: string | null;
  /** The relay has confirmed that the journal is no old copy. */
  readonly confirmed: Promise<void>;
  readonly log: Log;
}

interface ProgramRun {
  readonly run: ActiveRun;
  readonly implementation: ProgramAction;
  /** What only the program may get. It is never written down in clear. */
  readonly secretInput: SecretInput;
}

export interface ProgramStart extends ProgramRun {
  /** It comes from a journal that an earlier bridge wrote. */
  readonly isRecovered: boolean;
  /** Why it may not be started, or started again; what has started is still taken to its end. */
  readonly refusal: Refusal | null;
}

const graceMs = 5000;
const maxReruns = 3;
/** With less, a wrapper cannot write down that it starts. */
const leastStartBytes = 64 * kibibyte;

/** Runs the actions that start a program, whatever was cut off on the way. */
export class ProgramRunner {
  readonly #options: ProgramRunnerOptions;

  constructor(options: ProgramRunnerOptions) {
    this.#options = options;
  }

  async run(first: CommandRecord, command: WorkspaceCommand, program: ProgramStart): Promise<void> {
    const { run, implementation, secretInput, isRecovered, refusal } = program;
    const { ledger, closer, follower, bootId, log } = this.#options;
    let record = first;
    let hasStarted = false;
    for (;;) {
      const recovery = recoverRun(readEvidence(run.directory, bootId, record.effect));
      if (recovery === "finish") return this.#complete(record, command, program);
      if (recovery === "adopt") {
        record = await follower.follow(record, command, { run });
        continue;
      }
      if (recovery === "indeterminate" || record.reruns >= maxReruns) return this.#endCutOff(record, command, run);
      if (recovery === "rerun" && refusal !== null) return this.#endCutOff(record, command, run, { refusal });
      if (recovery === "rerun") {
        await killRun(run.runId);
        clearStart(run.directory);
        record = { ...record, reruns: record.reruns + 1 };
        hasStarted = true;
        log.warn("a run was cut off and is started again", { runId: run.runId, reruns: record.reruns });
      }
      if (isRecovered && recovery === "start" && record.effect === "once") await this.#untilConfirmed(run);
      if (run.isCancelled) return closer.close(record, command, { completion: cancelled });
      if (refusal !== null) return closer.close(record, command, { completion: refused(refusal) });
      const call = await this.#launchCall(command, implementation);
      if ("verdict" in call) return closer.close(record, command, { completion: call });
      if (!this.#prepare(command, run, call)) {
        if (hasStarted) return this.#endCutOff(record, command, run, { hasStarted });
        return closer.close(record, command, { completion: noRoom });
      }
      // Counts as a rerun if it never gets to its marker, so that a wrapper that cannot start is not started for ever.
      record = await ledger.intent(
        { ...record, reruns: record.reruns + (record.state === "RECEIVED" || recovery === "rerun" ? 0 : 1) },
        bootId,
      );
      record = await follower.follow(record, command, { run, launch: { secretInput } });
    }
  }

  /** A journal that was restored from a copy says of a run that has ended long ago that it is yet to start. */
  async #untilConfirmed(run: ActiveRun): Promise<void> {
    const { promise: isCancelled, resolve } = Promise.withResolvers<void>();
    run.signal.addEventListener("abort", () => resolve());
    if (!run.isCancelled) await Promise.race([this.#options.confirmed, isCancelled]);
  }

  async #launchCall(command: WorkspaceCommand, implementation: ProgramAction): Promise<ProgramCall | Completion> {
    const { context, log } = this.#options;
    if (context.sandbox.isolation === "missing") return sandboxMissing(context.sandbox);
    try {
      const launch = await implementation.launch(command, context);
      return launch.kind === "program" ? launch.call : launch.completion;
    } catch (error) {
      return isDiskFull(error) ? noRoom : explainError(error, log);
    }
  }

  /** @returns whether there was room for it */
  #prepare({ limits }: WorkspaceCommand, run: ActiveRun, call: ProgramCall): boolean {
    const spec: WrapperSpec = {
      ...call,
      runId: run.runId,
      timeoutMs: limits.timeoutMs,
      outputLimitBytes: Math.min(limits.outputBytes, defaultOutputLimitBytes),
      graceMs,
      lifeline: this.#options.lifeline,
      isSandboxed: this.#options.context.sandbox.isolation === "hidden",
    };
    try {
      prepareRun(run.directory, spec);
      this.#options.contentKeys.keep(run.runId);
      return true;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      return false;
    }
  }

  async #complete(
    record: CommandRecord,
    command: WorkspaceCommand,
    { run, implementation }: ProgramRun,
  ): Promise<void> {
    const { context, closer, log } = this.#options;
    const end = readResult(run.directory);
    if (!end) throw new Error(`the result of ${run.runId} disappeared`);
    const { startedAtMs, finishedAtMs, durationMs } = end;
    // On a full disk a cancel leaves no file by which the wrapper could tell it from another signal.
    const isCancel = end.verdict === "interrupted" && run.isCancelled;
    const { verdict, code, message } = isCancel ? cancelled : end;
    const completion = await implementation
      .complete(command, context, {
        completion: { verdict, code, message, repository: null },
        tail: readOutputEnd(run.directory).tail.toString("utf8"),
      })
      .catch((error: unknown) => explainError(error, log));
    await closer.close(record, command, { completion, times: { startedAtMs, finishedAtMs, durationMs }, end });
  }

  async #endCutOff(
    record: CommandRecord,
    command: WorkspaceCommand,
    { directory }: ActiveRun,
    { hasStarted = existsSync(directory.started), refusal }: { hasStarted?: boolean; refusal?: Refusal } = {},
  ): Promise<void> {
    const { closer, ledger, context } = this.#options;
    await killRun(record.runId);
    if (!hasStarted) {
      if (freeBytes(context.data.path) < leastStartBytes) return closer.close(record, command, { completion: noRoom });
      const message =
        "The server could not start the process that runs it. Nothing has happened; look at the bridge's log.";
      const completion = { verdict: "refused", code: "INTERNAL", message, repository: null } as const;
      return closer.close(record, command, { completion });
    }
    const startedAtMs = readMarker(directory)?.startedAtMs ?? null;
    const finishedAtMs = ledger.clock.nowMs();
    const durationMs = startedAtMs === null ? 0 : Math.max(0, finishedAtMs - startedAtMs);
    const message = cutOffMessage(record, refusal);
    const completion = { verdict: "indeterminate", code: "CUT_OFF", message, repository: null } as const;
    await closer.close(record, command, { completion, times: { startedAtMs, finishedAtMs, durationMs } });
  }
}

function cutOffMessage({ effect }: CommandRecord, refusal: Refusal | undefined): string {
  if (refusal) return `It was started and then cut off, and could not be started again. ${refusal.message}`;
  return effect === "once"
    ? "It was started and then cut off, so nobody can say whether it had its effect. It was not started again."
    : "It was cut off each time it was started.";
}
