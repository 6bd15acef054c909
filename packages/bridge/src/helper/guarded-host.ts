import { existsSync } from "node:fs";
import type { RunId } from "@quarterdeck/core/ids";
import type { WorkspaceCommand } from "../actions/action-context.ts";
import { findImplementation } from "../actions/implementations.ts";
import { groupPath } from "../host/group-path.ts";
import type { ExecutionHost, HostCommand } from "../host/execution-host.ts";
import { helperProtocol, type HostVerb, type VerbAnswer, type VerbParams } from "../host/host-verbs.ts";
import type { PlatformKeys } from "../verification/platform-keys.ts";
import { readUnverifiedIds } from "../verification/unverified-ids.ts";
import type { CommandGate } from "./command-gate.ts";
import { HostRefused, refuseHost } from "../host/host-refused.ts";
import { OwnRuns } from "./own-runs.ts";
import type { RunMemory } from "./run-memory.ts";
import { Turns } from "./turns.ts";

/** What is done for each verb. It throws HostRefused before anything happened. */
export type VerbHandlers = {
  readonly [V in HostVerb]: (params: VerbParams<V>) => Promise<VerbAnswer<V>>;
};

interface GuardedHostOptions {
  readonly host: ExecutionHost;
  readonly gate: CommandGate;
  readonly memory: RunMemory;
  readonly keys: PlatformKeys;
}

/** Once, and as often again as a run that was cut off may be (PROTOCOL 4.12). */
const mostLaunches = 4;
/** More than can be ready and not launched at once. */
const mostReady = 1024;

/**
 * A host for a daemon that is not trusted. It acts on commands that the gate let through and on nothing else; a run that must
 * start at most once does, whatever the daemon says, and however often it or this process is started again.
 */
export class GuardedHost implements VerbHandlers {
  readonly #options: GuardedHostOptions;
  /** Runs that are prepared and not launched. What is secret about them is nowhere else. */
  readonly #ready = new Map<RunId, HostCommand>();
  readonly #turns = new Turns<RunId | undefined>();
  readonly #own: OwnRuns;
  #keysTaken: Promise<unknown> = Promise.resolve();

  constructor(options: GuardedHostOptions) {
    this.#options = options;
    this.#own = new OwnRuns(options.host);
  }

  async facts(): Promise<VerbAnswer<"facts">> {
    const { host, keys } = this.#options;
    const { limited, programs, actions, features, ...facts } = host.facts;
    return {
      protocol: helperProtocol,
      keysVersion: keys.version,
      ...facts,
      limited: [...limited],
      programs: [...programs],
      actions: [...actions],
      features: [...features],
    };
  }

  async keys({ statements }: VerbParams<"keys">): Promise<VerbAnswer<"keys">> {
    const { keys } = this.#options;
    const taken = this.#keysTaken.then(() => keys.take(statements));
    this.#keysTaken = taken.catch(() => undefined); // Whoever asked is told.
    const result = await taken;
    if (!result.ok) throw new HostRefused(result.error);
    return { version: keys.version };
  }

  look({ runId }: VerbParams<"look">): Promise<VerbAnswer<"look">> {
    return this.#options.host.look(runId);
  }

  prepare({ text }: VerbParams<"prepare">): Promise<VerbAnswer<"prepare">> {
    const { gate, host } = this.#options;
    const keysTaken = this.#keysTaken;
    // Whose turn it is, if it is what it says: nothing else follows from that.
    return this.#turns.take(readUnverifiedIds(text)?.runId, async () => {
      await keysTaken; // What the platform said about its keys before counts for this.
      const work = await gate.admit(text);
      const { runId, action } = work.command;
      if (findImplementation(action)?.kind === "program") {
        this.#mustBeStartable(runId);
        const readiness = await host.prepare(work);
        if (readiness.kind !== "ready") return readiness;
      }
      this.#keepReady(work);
      return { kind: "ready" };
    });
  }

  launch({ runId }: VerbParams<"launch">): Promise<VerbAnswer<"launch">> {
    return this.#turns.take(runId, async () => {
      const { host, memory, gate } = this.#options;
      const work = this.#readyWork(runId, "program");
      this.#mustBeStartable(runId);
      if (memory.find(runId)?.launches === 0 && !gate.isInTime(work.command))
        refuseHost("COMMAND_EXPIRED", "Its time ran out before it was launched.");
      memory.countLaunch(runId);
      this.#ready.delete(runId);
      await host.launch(work);
      return {};
    });
  }

  async untilEnded({ runId }: VerbParams<"untilEnded">): Promise<VerbAnswer<"untilEnded">> {
    await this.#options.host.untilEnded(runId);
    return {};
  }

  clear({ runId }: VerbParams<"clear">): Promise<VerbAnswer<"clear">> {
    return this.#turns.take(runId, async () => {
      const refusal = await this.#options.host.clear({ ...this.#remembered(runId), secretInput: {} });
      if (refusal) throw new HostRefused(refusal);
      return {};
    });
  }

  async complete({ runId, isCancelled }: VerbParams<"complete">): Promise<VerbAnswer<"complete">> {
    const { host } = this.#options;
    const work = this.#remembered(runId);
    if (!(await host.look(runId)).hasResult) refuseHost("NOT_READY", "The run has not ended.");
    return host.complete({ ...work, secretInput: {} }, { isCancelled });
  }

  async runOwn({ runId }: VerbParams<"runOwn">): Promise<VerbAnswer<"runOwn">> {
    const running = this.#own.find(runId);
    if (running) return running;
    const work = this.#readyWork(runId, "own");
    this.#ready.delete(runId);
    return this.#own.run(work);
  }

  /** In its turn: a run that is being prepared when its cancel comes is cancelled when it is ready. */
  cancel({ runId }: VerbParams<"cancel">): Promise<VerbAnswer<"cancel">> {
    return this.#turns.take(runId, async () => {
      const { action } = this.#commandOf(runId);
      if (findImplementation(action)?.kind === "own") this.#own.cancel(runId);
      else this.#options.host.cancel(runId);
      return {};
    });
  }

  async kill({ runId }: VerbParams<"kill">): Promise<VerbAnswer<"kill">> {
    await this.#options.host.kill(runId, groupPath(this.#commandOf(runId)));
    return {};
  }

  async endInput({ runId }: VerbParams<"endInput">): Promise<VerbAnswer<"endInput">> {
    this.#commandOf(runId);
    this.#options.host.endInput(runId);
    return {};
  }

  async dropOutput({ runId }: VerbParams<"dropOutput">): Promise<VerbAnswer<"dropOutput">> {
    await this.#mustBeOver(runId);
    this.#options.host.dropOutput(runId);
    return {};
  }

  /** That it was here is durable before its start marker goes. */
  forget({ runId }: VerbParams<"forget">): Promise<VerbAnswer<"forget">> {
    return this.#turns.take(runId, async () => {
      await this.#mustBeOver(runId);
      this.#options.memory.forget(runId);
      this.#ready.delete(runId);
      this.#options.host.forget(runId);
      return {};
    });
  }

  async usage(): Promise<VerbAnswer<"usage">> {
    return [...this.#options.host.usage()];
  }

  #keepReady(work: HostCommand): void {
    const [oldest] = this.#ready.keys();
    if (oldest !== undefined && this.#ready.size >= mostReady) this.#ready.delete(oldest);
    this.#ready.set(work.command.runId, work);
  }

  #readyWork(runId: RunId, kind: "program" | "own"): HostCommand {
    const work = this.#ready.get(runId);
    if (!work || findImplementation(work.command.action)?.kind !== kind)
      refuseHost("NOT_READY", "The run was not prepared for this.");
    return work;
  }

  #remembered(runId: RunId): Pick<HostCommand, "command" | "text"> {
    const known = this.#options.memory.find(runId);
    if (!known || known.isForgotten) refuseHost("NOT_FOUND", "The helper does not know the run.");
    return { command: this.#options.gate.read(known.text), text: known.text };
  }

  #commandOf(runId: RunId): WorkspaceCommand {
    return this.#remembered(runId).command;
  }

  /** A start that never came to its marker had no effect and may be repeated; a marker is removed by `clear` and `forget` only. */
  #mustBeStartable(runId: RunId): void {
    const { host, memory } = this.#options;
    if (existsSync(host.files.run(runId).started))
      refuseHost("CONFLICT", "It was started before, and must not start a second time.");
    const launches = memory.find(runId)?.launches ?? mostLaunches;
    if (launches >= mostLaunches) refuseHost("CONFLICT", `It was started ${launches} times, and no more are allowed.`);
  }

  async #mustBeOver(runId: RunId): Promise<void> {
    const { hasResult, isWrapperAlive } = await this.#options.host.look(runId);
    if (isWrapperAlive && !hasResult) refuseHost("CONFLICT", "The run has not ended.");
  }
}
