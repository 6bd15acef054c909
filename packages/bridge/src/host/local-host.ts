import { existsSync, mkdirSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { defaultOutputLimitBytes } from "@quarterdeck/core/actions/catalogue";
import { hourMs } from "@quarterdeck/core/units";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { Refusal } from "@quarterdeck/core/errors/result";
import type { RunId } from "@quarterdeck/core/ids";
import { bridgeFeatures } from "@quarterdeck/core/protocol/features";
import {
  refused,
  type ActionContext,
  type Completion,
  type OwnAction,
  type ProgramAction,
  type WorkspaceCommand,
} from "../actions/action-context.ts";
import { findImplementation, implementations } from "../actions/implementations.ts";
import { runDirectoryMode, runFileMode } from "../data-directory.ts";
import { isDiskFull } from "../disk/disk-full.ts";
import type { Driver, GroupPath, GroupUsage, RunGroup } from "../drivers/driver.ts";
import type { ProgramCall } from "../drivers/program-call.ts";
import type { GroupLimits } from "../limits/group-limits.ts";
import { errorMessage, type Log } from "../log.ts";
import { cancelled, explainError, noRoom, sandboxMissing } from "../runs/completions.ts";
import { clearStart, livingWrapper, prepareRun, readEvidence, readOutputEnd, readResult } from "../runs/run-files.ts";
import type { WrapperLauncher } from "../runs/wrapper-launcher.ts";
import { systemClock } from "../system-clock.ts";
import type { EgressMeters } from "../sandbox/network/egress-meters.ts";
import { killRun } from "../wrapper/end-run.ts";
import { signalProcess } from "../wrapper/processes.ts";
import type { WrapperSpec } from "../wrapper/wrapper-spec.ts";
import { DiskUse } from "./disk-use.ts";
import { groupPath } from "./group-path.ts";
import type { ExecutionHost, HostCommand, HostEvents, HostFacts, Readiness, RunTraces } from "./execution-host.ts";
import type { FrozenWorkspaces } from "./frozen-workspaces.ts";
import { explainGroupEnd, withUse } from "./group-end.ts";
import type { MeasuredUsage } from "./measured-usage.ts";
import { RunGroups } from "./run-groups.ts";
import { untilWrapperGone } from "./wrapper-watch.ts";

interface LocalHostOptions extends HostEvents {
  readonly context: ActionContext & {
    readonly data: ExecutionHost["files"];
    readonly groupLimits: Pick<GroupLimits, "apply" | "again">;
    readonly frozen: Pick<FrozenWorkspaces, "freeze" | "thaw" | "admit">;
  };
  readonly driver: Driver;
  readonly driverReason: string;
  /** What passed over the network for a workspace or project, where that is known. */
  readonly networkOf: (path: GroupPath) => NonNullable<GroupUsage["network"]> | null;
  readonly sandboxFacts: HostFacts["sandbox"];
  /** What gives proxies leave; null: there are none. */
  readonly egress: Pick<EgressMeters, "close"> | null;
  readonly launcher: WrapperLauncher;
  readonly programs: readonly string[];
  readonly bootId: string;
  readonly lifeline: string | null;
  readonly log: Log;
}

const graceMs = 5000;

/** The host in this process: runs the actions, holds the wrappers, and puts what they start into sandbox and group. */
export class LocalHost implements ExecutionHost {
  readonly files: ExecutionHost["files"];
  readonly facts: HostFacts;
  readonly #options: LocalHostOptions;
  readonly #groups: RunGroups;
  readonly #diskUse: DiskUse;
  /** The runs that this process gave to a wrapper and that have not ended. */
  readonly #launched = new Map<RunId, Promise<void>>();

  readonly #limiting: NodeJS.Timeout;

  constructor(options: LocalHostOptions) {
    const { context, driver, driverReason, programs } = options;
    this.#options = options;
    this.#groups = new RunGroups({ ...options, groupLimits: context.groupLimits, frozen: context.frozen });
    this.files = context.data;
    this.#diskUse = new DiskUse({
      data: context.data,
      driver,
      clock: systemClock,
      onFailure: (error) => options.log.warn("disk use could not be measured", { reason: errorMessage(error) }),
    });
    const limitAgain = () => void context.groupLimits.again();
    limitAgain();
    this.#limiting = setInterval(limitAgain, hourMs).unref();
    const { isolation, reason } = context.sandbox;
    this.facts = {
      isolation,
      reason,
      sandbox: options.sandboxFacts,
      driver: driver.name,
      driverReason,
      limited: driver.limited,
      programs,
      actions: Object.keys(implementations),
      features: bridgeFeatures,
    };
  }

  async look(runId: RunId): Promise<RunTraces> {
    return readEvidence(this.files.run(runId), this.#options.bootId);
  }

  async prepare(work: HostCommand): Promise<Readiness> {
    const { command } = work;
    const readiness = await this.#makeReady(work);
    if (readiness.kind !== "ready") await this.#abandon(command);
    return readiness;
  }

  async #makeReady(work: HostCommand): Promise<Readiness> {
    const { command } = work;
    const call = await this.#launchCall(work);
    if ("verdict" in call) return call === noRoom ? { kind: "noRoom" } : { kind: "ended", completion: call };
    let group: RunGroup | null;
    try {
      group = await this.#groups.open(command);
    } catch (error) {
      return { kind: "ended", completion: limitsUnavailable(error, this.#options.log) };
    }
    const spec: WrapperSpec = {
      ...call,
      runId: command.runId,
      timeoutMs: command.limits.timeoutMs,
      outputLimitBytes: Math.min(command.limits.outputBytes, defaultOutputLimitBytes),
      graceMs,
      lifeline: this.#options.lifeline,
      isSandboxed: this.facts.isolation === "hidden",
      group,
    };
    try {
      prepareRun(this.files.run(command.runId), spec);
      return { kind: "ready" };
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      await this.#groups.close(command.runId);
      return { kind: "noRoom" };
    }
  }

  /** What its launch made, for a run that is not started. */
  async #abandon(command: WorkspaceCommand): Promise<void> {
    const { context, log } = this.#options;
    try {
      await implementationOf<ProgramAction>(command.action, "program").abandon?.(command, context);
    } catch (error) {
      log.warn("what a run left could not be removed", { runId: command.runId, reason: errorMessage(error) });
    }
  }

  async #launchCall({ command }: HostCommand): Promise<ProgramCall | Completion> {
    const { context, log } = this.#options;
    if (this.facts.isolation === "missing") return sandboxMissing(context.sandbox);
    try {
      const launch = await implementationOf<ProgramAction>(command.action, "program").launch(command, context);
      return launch.kind === "program" ? launch.call : launch.completion;
    } catch (error) {
      return isDiskFull(error) ? noRoom : explainError(error, log);
    }
  }

  async launch({ command: { runId }, secretInput }: HostCommand): Promise<void> {
    const { ended } = this.#options.launcher.launch(this.files.run(runId), secretInput);
    const closed = ended.then(() => this.#groups.close(runId)).finally(() => this.#launched.delete(runId));
    this.#launched.set(runId, closed);
  }

  async untilEnded(runId: RunId): Promise<void> {
    const launched = this.#launched.get(runId);
    if (launched) return launched;
    await untilWrapperGone(this.files.run(runId), this.#options.bootId);
    await this.#groups.close(runId);
  }

  async clear({ command }: HostCommand): Promise<Refusal | null> {
    const { runId, effect } = command;
    const run = this.files.run(runId);
    if (effect !== "idempotent")
      return { code: "CONFLICT", message: "It was started before, and must not start a second time." };
    if (readResult(run) || livingWrapper(run, this.#options.bootId) !== undefined)
      return { code: "CONFLICT", message: "It was not cut off, so it is not started again." };
    await this.kill(runId, groupPath(command));
    clearStart(run);
    return null;
  }

  async complete({ command }: HostCommand, { isCancelled }: { readonly isCancelled: boolean }): Promise<Completion> {
    const { context, log } = this.#options;
    const run = this.files.run(command.runId);
    const end = readResult(run);
    if (!end) throw new Error(`the result of ${command.runId} disappeared`);
    await this.#groups.close(command.runId, groupPath(command));
    // On a full disk a cancel leaves no file by which the wrapper could tell it from another signal.
    const { verdict, code, message } = end.verdict === "interrupted" && isCancelled ? cancelled : end;
    const completion = await implementationOf<ProgramAction>(command.action, "program")
      .complete(command, context, {
        completion: { verdict, code, message, repository: null },
        tail: readOutputEnd(run).tail.toString("utf8"),
      })
      .catch((error: unknown) => explainError(error, log));
    const groupEnd = this.#groups.endOf(command.runId);
    return withUse(explainGroupEnd(completion, groupEnd), groupEnd);
  }

  async runOwn({ command }: HostCommand, signal: AbortSignal): Promise<Completion> {
    const { context, log } = this.#options;
    if (this.facts.isolation === "missing" && command.action.startsWith("git.")) return sandboxMissing(context.sandbox);
    const { runId } = command;
    const directory = this.files.run(runId);
    try {
      await context.groupLimits.apply(command);
    } catch (error) {
      return limitsUnavailable(error, log);
    }
    try {
      mkdirSync(directory.path, { recursive: true, mode: runDirectoryMode });
      const implementation = implementationOf<OwnAction>(command.action, "own");
      return await implementation.run(command, context, { runId, directory, signal });
    } catch (error) {
      return explainError(error, log);
    }
  }

  /**
   * The file comes before the look at the marker: a wrapper writes its marker before it looks for the file, so one of the two
   * sees the other. With a result the wrapper may have another run the moment this returns, so it is sent no signal then.
   */
  cancel(runId: RunId): void {
    const run = this.files.run(runId);
    try {
      mkdirSync(run.path, { recursive: true, mode: runDirectoryMode });
      writeFileSync(run.cancel, "", { mode: runFileMode });
    } catch (error) {
      if (!isDiskFull(error)) throw error; // The signal ends it all the same.
    }
    if (existsSync(run.result)) return;
    const wrapper = livingWrapper(run, this.#options.bootId);
    if (wrapper !== undefined) signalProcess(wrapper, "SIGTERM");
  }

  async kill(runId: RunId, path?: GroupPath): Promise<void> {
    await this.#groups.kill(runId, path);
    await killRun(runId);
    await this.#groups.close(runId, path);
  }

  endInput(runId: RunId): void {
    writeFileSync(this.files.run(runId).inputEnd, "", { mode: runFileMode });
  }

  /** What stays is an empty file that says so. */
  dropOutput(runId: RunId): void {
    const run = this.files.run(runId);
    if (existsSync(run.output)) renameSync(run.output, run.droppedOutput);
    // A crash may have come in between.
    if ((statSync(run.droppedOutput, { throwIfNoEntry: false })?.size ?? 0) > 0) truncateSync(run.droppedOutput, 0);
  }

  forget(runId: RunId): void {
    rmSync(this.files.run(runId).path, { recursive: true, force: true });
  }

  usage(): MeasuredUsage[] {
    const { driver, networkOf } = this.#options;
    const groups = driver.usage();
    return this.#diskUse.add(
      groups.map((usage) => (usage.runId === null ? { ...usage, network: networkOf(usage) } : usage)),
    );
  }

  keysChanged(): void {
    // The daemon verified the commands; there is nobody else here to know the keys.
  }

  warmUp(): void {
    this.#options.launcher.prepare();
  }

  close(): void {
    clearInterval(this.#limiting);
    this.#diskUse.stop();
    this.#options.launcher.close();
    this.#options.egress?.close();
    this.#options.driver.release();
  }
}

function implementationOf<Kind extends OwnAction | ProgramAction>(action: string, kind: Kind["kind"]): Kind {
  const implementation = findImplementation(action);
  if (implementation?.kind !== kind) throw new Error(`no implementation of ${action} as ${kind}`);
  return implementation as Kind;
}

function limitsUnavailable(error: unknown, log: Log): Completion {
  if (error instanceof QuarterdeckError) return refused({ code: error.code, message: error.message });
  const reason = errorMessage(error);
  log.error("a run is refused because its limits cannot be set", { reason });
  const message = `The server could not hold the run to its limits, so it was not started: ${reason.slice(0, 500)}`;
  return refused({ code: "LIMITS_UNAVAILABLE", message });
}
