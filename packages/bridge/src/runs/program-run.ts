import { existsSync } from "node:fs";
import { kibibyte } from "@quarterdeck/core/units";
import type { Command } from "@quarterdeck/core/protocol/command";
import type { Refusal } from "@quarterdeck/core/errors/result";
import { refused } from "../actions/action-context.ts";
import { isDiskFull } from "../disk/disk-full.ts";
import { freeBytes } from "../disk/disk-space.ts";
import { groupPath } from "../host/group-path.ts";
import type { ExecutionHost, HostCommand, Readiness } from "../host/execution-host.ts";
import type { ContentKeys } from "../sealing/content-keys.ts";
import type { CommandRecord } from "../journal/command-record.ts";
import { recoverRun } from "../journal/recovery.ts";
import { judgeLateStart, waitsForRelay } from "../leases/late-start.ts";
import type { Log } from "../log.ts";
import type { ActiveRun } from "./active-run.ts";
import { cancelled, noRoom, tooLate } from "./completions.ts";
import type { RunCloser } from "./run-closer.ts";
import { readMarker, readResult } from "./run-files.ts";
import type { RunFollower } from "./run-follower.ts";
import type { RunLedger } from "./run-ledger.ts";

interface ProgramRunnerOptions {
  readonly host: ExecutionHost;
  readonly dataPath: string;
  readonly ledger: RunLedger;
  readonly closer: RunCloser;
  readonly contentKeys: ContentKeys;
  readonly follower: RunFollower;
  readonly bootId: string;
  /** The relay has confirmed that the journal is no old copy. */
  readonly confirmed: Promise<void>;
  /** What time it is by the relay's clock; null before it was heard. */
  readonly relayNowMs: () => number | null;
  readonly log: Log;
}

export interface ProgramStart {
  readonly run: ActiveRun;
  /** It comes from a journal that an earlier bridge wrote. */
  readonly isRecovered: boolean;
  /** Why it may not be started, or started again; what has started is still taken to its end. */
  readonly refusal: Refusal | null;
}

interface CutOff {
  readonly run: ActiveRun;
  readonly hasStarted?: boolean;
  readonly refusal?: Refusal;
}

const maxReruns = 3;
/** With less, a wrapper cannot write down that it starts. */
const leastStartBytes = 64 * kibibyte;

/** Runs the actions that start a program, whatever was cut off on the way. */
export class ProgramRunner {
  readonly #options: ProgramRunnerOptions;

  constructor(options: ProgramRunnerOptions) {
    this.#options = options;
  }

  async run(first: CommandRecord, work: HostCommand, { run, isRecovered, refusal }: ProgramStart): Promise<void> {
    const { command } = work;
    const { host, ledger, closer, follower, bootId, log } = this.#options;
    let record = first;
    let hasStarted = false;
    for (;;) {
      const recovery = recoverRun({ ...(await host.look(run.runId)), effect: record.effect });
      if (recovery === "finish") return this.#complete(record, work, run);
      if (recovery === "adopt") {
        record = await follower.follow(record, work, { run, isLaunch: false });
        continue;
      }
      if (recovery === "indeterminate" || record.reruns >= maxReruns) return this.#endCutOff(record, work, { run });
      const late = isRecovered && waitsForRelay(command, recovery) ? await this.#judgeLate(command, run) : null;
      const problem = refusal ?? late;
      if (recovery === "rerun" && problem !== null) return this.#endCutOff(record, work, { run, refusal: problem });
      if (recovery === "rerun") {
        const unclear = await host.clear(work);
        if (unclear) return this.#endCutOff(record, work, { run, refusal: unclear });
        record = { ...record, reruns: record.reruns + 1 };
        hasStarted = true;
        log.warn("a run was cut off and is started again", { runId: run.runId, reruns: record.reruns });
      }
      if (run.isCancelled) return closer.close(record, command, { completion: run.endedAs(cancelled) });
      if (late !== null) return closer.close(record, command, { completion: tooLate(late) });
      if (refusal !== null) return closer.close(record, command, { completion: refused(refusal) });
      const readiness = await this.#prepare(work);
      if (readiness.kind === "ended") {
        const { completion } = readiness;
        // What was begun before is not said to have been refused: its workspace was frozen meanwhile, say.
        if (!hasStarted || completion.verdict !== "refused") return closer.close(record, command, { completion });
        const refusal: Refusal = { code: "CUT_OFF", message: completion.message ?? "" };
        return this.#endCutOff(record, work, { run, hasStarted, refusal });
      }
      if (readiness.kind === "noRoom") {
        if (hasStarted) return this.#endCutOff(record, work, { run, hasStarted });
        return closer.close(record, command, { completion: noRoom });
      }
      // Counts as a rerun if it never gets to its marker, so that a wrapper that cannot start is not started for ever.
      record = await ledger.intent(
        { ...record, reruns: record.reruns + (record.state === "RECEIVED" || recovery === "rerun" ? 0 : 1) },
        bootId,
      );
      record = await follower.follow(record, work, { run, isLaunch: true });
    }
  }

  /** Waits until the relay was heard, or the run is stopped. Returns why it may not begin any more. */
  async #judgeLate(command: Command, run: ActiveRun): Promise<Refusal | null> {
    await this.#untilConfirmed(run);
    return judgeLateStart(command, this.#options.relayNowMs());
  }

  async #untilConfirmed(run: ActiveRun): Promise<void> {
    const { promise: isCancelled, resolve } = Promise.withResolvers<void>();
    run.signal.addEventListener("abort", () => resolve());
    if (!run.isCancelled) await Promise.race([this.#options.confirmed, isCancelled]);
  }

  /** Its key is kept before anything of it can be read. */
  async #prepare(work: HostCommand): Promise<Readiness> {
    const { host, contentKeys } = this.#options;
    const readiness = await host.prepare(work);
    if (readiness.kind !== "ready") return readiness;
    try {
      contentKeys.keep(work.command.runId);
      return readiness;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      return { kind: "noRoom" };
    }
  }

  async #complete(record: CommandRecord, work: HostCommand, run: ActiveRun): Promise<void> {
    const { host, closer } = this.#options;
    const end = readResult(run.directory);
    if (!end) throw new Error(`the result of ${run.runId} disappeared`);
    const { startedAtMs, finishedAtMs, durationMs } = end;
    const completion = run.endedAs(await host.complete(work, { isCancelled: run.isCancelled }));
    await closer.close(record, work.command, { completion, times: { startedAtMs, finishedAtMs, durationMs }, end });
  }

  async #endCutOff(record: CommandRecord, { command }: HostCommand, cutOff: CutOff): Promise<void> {
    const { closer, ledger, host, dataPath } = this.#options;
    const { directory } = cutOff.run;
    const { hasStarted = existsSync(directory.started), refusal } = cutOff;
    await host.kill(record.runId, groupPath(command));
    if (!hasStarted) {
      if (freeBytes(dataPath) < leastStartBytes) return closer.close(record, command, { completion: noRoom });
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
