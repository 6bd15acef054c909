import type { Refusal } from "@quarterdeck/core/errors/result";
import type { RunId } from "@quarterdeck/core/ids";
import type { Command } from "@quarterdeck/core/protocol/command";
import { refused, type ActionContext, type WorkspaceCommand } from "../actions/action-context.ts";
import { findImplementation } from "../actions/implementations.ts";
import type { CommandRecord } from "../journal/command-record.ts";
import type { Log } from "../log.ts";
import type { ContentKeys } from "../sealing/content-keys.ts";
import type { OpenedPart } from "../verification/open-sealed-part.ts";
import { killRun } from "../wrapper/end-run.ts";
import { ActiveRun } from "./active-run.ts";
import type { ResultIds } from "./finished-result.ts";
import { OwnRunner } from "./own-run.ts";
import { ProgramRunner, type ProgramStart } from "./program-run.ts";
import { RunCloser } from "./run-closer.ts";
import { RunFollower } from "./run-follower.ts";
import type { RunLedger } from "./run-ledger.ts";
import type { WrapperLauncher } from "./wrapper-launcher.ts";

interface RunnerOptions {
  readonly context: ActionContext;
  readonly ledger: RunLedger;
  readonly contentKeys: ContentKeys;
  readonly launcher: WrapperLauncher;
  readonly bootId: string;
  readonly lifeline: string | null;
  /** The relay has confirmed that the journal is no old copy. */
  readonly confirmed: Promise<void>;
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
    this.#closer = new RunCloser({ ...options, data: options.context.data });
    this.#own = new OwnRunner({ ...options, closer: this.#closer });
    this.#programs = new ProgramRunner({ ...options, closer: this.#closer, follower: new RunFollower(options) });
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
  begin(record: CommandRecord, command: Command, options: BeginOptions): void {
    const { opened, isCancelled, isRecovered = false, refusal = null } = options;
    if (this.#active.has(record.runId)) return;
    if (opened) this.#options.contentKeys.begin(record.runId, opened.streamKey);
    const run = new ActiveRun(record.runId, this.#options.context.data.run(record.runId), this.#options.bootId);
    this.#active.set(record.runId, run);
    if (isCancelled) run.cancel();
    const secretInput = opened?.secretInput ?? {};
    void this.#toTheEnd(record, command as WorkspaceCommand, { run, secretInput, isRecovered, refusal })
      .catch(this.#options.onFatal)
      .finally(() => {
        this.#active.delete(record.runId);
        this.#options.onOutput(record.runId);
      });
  }

  /** Ends a command whose journal row is damaged: nobody knows whether it started. */
  async endDamaged(record: CommandRecord, ids: ResultIds): Promise<void> {
    await killRun(record.runId);
    const message = "The server's journal of this run is damaged, so nobody can say whether it had its effect.";
    const completion = { verdict: "indeterminate", code: "JOURNAL_DAMAGED", message, repository: null } as const;
    await this.#closer.close(record, ids, { completion });
  }

  async #toTheEnd(
    record: CommandRecord,
    command: WorkspaceCommand,
    begun: Pick<ProgramStart, "run" | "secretInput" | "isRecovered" | "refusal">,
  ): Promise<void> {
    const implementation = findImplementation(command.action);
    if (!implementation) throw new Error(`no implementation of ${command.action}`);
    const { runId, state } = record;
    this.#options.log.info("run begins", { runId, action: command.action, state });
    const { run, refusal } = begun;
    if (implementation.kind === "program") await this.#programs.run(record, command, { ...begun, implementation });
    else if (refusal) await this.#closer.close(record, command, { completion: refused(refusal) });
    else await this.#own.run(record, command, { run, implementation });
  }
}
