import type { Refusal } from "@quarterdeck/core/errors/result";
import type { RunId } from "@quarterdeck/core/ids";
import type { Command } from "@quarterdeck/core/protocol/command";
import type { Version } from "@quarterdeck/core/protocol/version";
import { worksOnBridge } from "@quarterdeck/core/actions/catalogue";
import { refused, type WorkspaceCommand } from "../actions/action-context.ts";
import { findImplementation } from "../actions/implementations.ts";
import { DataDirectory } from "../data-directory.ts";
import type { CommandRecord } from "../journal/command-record.ts";
import { errorMessage, type Log } from "../log.ts";
import type { ContentKeys } from "../sealing/content-keys.ts";
import type { OpenedPart } from "../verification/open-sealed-part.ts";
import type { ExecutionHost, HostCommand } from "../host/execution-host.ts";
import { ActiveRun } from "./active-run.ts";
import type { ResultIds } from "./finished-result.ts";
import { OwnRunner } from "./own-run.ts";
import { ProgramRunner, type ProgramStart } from "./program-run.ts";
import { RunCloser } from "./run-closer.ts";
import { RunFollower } from "./run-follower.ts";
import type { RunLedger } from "./run-ledger.ts";
import type { Updater } from "../update/updater.ts";

interface RunnerOptions {
  readonly host: ExecutionHost;
  readonly updater: Updater | null;
  /** Where the daemon keeps its own files. */
  readonly dataPath: string;
  readonly ledger: RunLedger;
  readonly contentKeys: ContentKeys;
  readonly bootId: string;
  /** The relay has confirmed that the journal is no old copy. */
  readonly confirmed: Promise<void>;
  /** What time it is by the relay's clock; null before it was heard. */
  readonly relayNowMs: () => number | null;
  /** There is a run more that may not go on without a connection. */
  readonly onAttached: () => void;
  /** Whether the relay that proved itself last knows what a version brought. */
  readonly speaks: (since: Version) => boolean;
  readonly log: Log;
  /** A run has written something, or has ended. */
  readonly onOutput: (runId: RunId) => void;
  readonly onFatal: (error: unknown) => void;
}

interface BeginOptions {
  /** Null where the action has no content. */
  readonly opened: OpenedPart | null;
  readonly isCancelled: boolean;
  /** It comes from a journal that an earlier bridge wrote. */
  readonly isRecovered?: boolean;
  /** Why it may not be started. */
  readonly refusal?: Refusal | null;
}

/** The runs that are under way: takes each journaled command to its end. */
export class Runner {
  readonly #options: RunnerOptions;
  readonly #active = new Map<RunId, ActiveRun>();
  readonly #closer: RunCloser;
  readonly #own: OwnRunner;
  readonly #programs: ProgramRunner;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#closer = new RunCloser({ ...options, files: options.host.files });
    this.#own = new OwnRunner({ ...options, closer: this.#closer });
    this.#programs = new ProgramRunner({ ...options, closer: this.#closer, follower: new RunFollower(options) });
  }

  get activeCount(): number {
    return this.#active.size;
  }

  /** How many runs may not go on without a connection. */
  get attachedCount(): number {
    return this.#attached().length;
  }

  /** Stops the runs that may not go on without a connection. */
  stopAttached(): void {
    for (const run of this.#attached()) if (!run.isCancelled) this.#endLease(run);
  }

  #endLease(run: ActiveRun): void {
    try {
      run.endLease();
    } catch (error) {
      const reason = errorMessage(error);
      this.#options.log.warn("that a lease is over cannot be written down", { runId: run.runId, reason });
    }
  }

  #attached(): ActiveRun[] {
    return [...this.#active.values()].filter(({ isDetached }) => !isDetached);
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
  begin(record: CommandRecord, command: Command, options: BeginOptions): void {
    const { opened, isCancelled, isRecovered = false, refusal = null } = options;
    if (this.#active.has(record.runId)) return;
    if (opened) this.#options.contentKeys.begin(record.runId, opened.streamKey);
    const { host, dataPath, onOutput, onFatal, onAttached } = this.#options;
    const { runId } = record;
    const isDetached = command.detached !== false;
    const leaseOverFile = new DataDirectory(dataPath).run(runId).leaseOver;
    const run = new ActiveRun({ runId, isDetached, leaseOverFile }, host.files.run(runId), host);
    this.#active.set(record.runId, run);
    if (!isDetached) onAttached();
    if (isCancelled) run.cancel();
    const secretInput = opened?.secretInput ?? {};
    const work: HostCommand = { command: command as WorkspaceCommand, text: record.text, secretInput };
    void this.#toTheEnd(record, work, { run, isRecovered, refusal })
      .catch(onFatal)
      .finally(() => {
        this.#active.delete(record.runId);
        onOutput(record.runId);
      });
  }

  /** Ends a command whose journal row is damaged: nobody knows whether it started. */
  async endDamaged(record: CommandRecord, ids: ResultIds): Promise<void> {
    await this.#options.host.kill(record.runId);
    const message = "The server's journal of this run is damaged, so nobody can say whether it had its effect.";
    const completion = { verdict: "indeterminate", code: "JOURNAL_DAMAGED", message, repository: null } as const;
    await this.#closer.close(record, ids, { completion });
  }

  async #toTheEnd(record: CommandRecord, work: HostCommand, begun: ProgramStart): Promise<void> {
    const { command } = work;
    const { runId, state } = record;
    this.#options.log.info("run begins", { runId, action: command.action, state });
    const { run, refusal } = begun;
    const isOwn = worksOnBridge(command.action) || findImplementation(command.action)?.kind === "own";
    if (!isOwn) await this.#programs.run(record, work, begun);
    else if (refusal) await this.#closer.close(record, command, { completion: refused(refusal) });
    else await this.#own.run(record, work, run);
  }
}
