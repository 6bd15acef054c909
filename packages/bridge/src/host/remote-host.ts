import { setTimeout as delay } from "node:timers/promises";
import type { RunId } from "@quarterdeck/core/ids";
import type { Refusal } from "@quarterdeck/core/errors/result";
import { bridgeFeatures } from "@quarterdeck/core/protocol/features";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import { refused, failed, type Completion } from "../actions/action-context.ts";
import { implementations } from "../actions/implementations.ts";
import { DataDirectory } from "../data-directory.ts";
import { errorMessage, type Log } from "../log.ts";
import { readResult } from "../runs/run-files.ts";
import {
  HostLost,
  type ExecutionHost,
  type HostCommand,
  type HostEvents,
  type HostFacts,
  type Readiness,
  type RunTraces,
} from "./execution-host.ts";
import { HelperLink } from "./helper-link.ts";
import { HostRefused } from "./host-refused.ts";
import { helperProtocol, type HostVerb, type VerbParams } from "./host-verbs.ts";
import { KeptStatements } from "./kept-statements.ts";
import type { MeasuredUsage } from "./measured-usage.ts";

interface RemoteHostOptions extends HostEvents {
  readonly socketPath: string;
  /** Where the helper keeps its files. */
  readonly helperPath: string;
  /** Where this side keeps what the platform said about its keys. */
  readonly statementsFile: string;
  /** What is offered is not what it was. */
  readonly onFacts: () => void;
  readonly log: Log;
}

const askAgainMs = 1000;

const noHelperReason = "the helper that starts them does not run (systemctl status quarterdeck-helper).";

/** What is offered while nobody starts runs. @param reason why nobody does */
function withoutHelper(reason: string): HostFacts {
  return {
    isolation: "missing",
    reason,
    sandbox: { reason, workspaceUsers: false, network: "shared", networkReason: null },
    driver: "process",
    driverReason: reason,
    limited: [],
    programs: [],
    // Until it says what it understands: nothing starts meanwhile.
    actions: Object.keys(implementations),
    features: bridgeFeatures,
  };
}

/** The host as a daemon has it that is not root: everything is asked of the helper, which believes nothing but the commands. */
export class RemoteHost implements ExecutionHost {
  readonly files: ExecutionHost["files"];
  readonly #options: RemoteHostOptions;
  readonly #link: HelperLink;
  readonly #statements: KeptStatements;
  #facts: HostFacts = withoutHelper(noHelperReason);
  #usage: readonly MeasuredUsage[] = [];
  #isAskingForUsage = false;
  readonly #firstFacts = Promise.withResolvers<void>();

  constructor(options: RemoteHostOptions) {
    const { socketPath, log, onEvidence } = options;
    this.#options = options;
    this.files = new DataDirectory(options.helperPath);
    this.#statements = new KeptStatements(options.statementsFile);
    this.#link = new HelperLink({ socketPath, log, onEvidence, onConnected: () => this.#getToKnow() });
  }

  /** Connects, and waits for the first answer, but not for ever. */
  async open(waitMs: number): Promise<void> {
    this.#link.start();
    const { promise: isLate, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, waitMs);
    await Promise.race([this.#firstFacts.promise, isLate]);
    clearTimeout(timer);
  }

  get facts(): HostFacts {
    return this.#facts;
  }

  async #getToKnow(): Promise<void> {
    const answer = await this.#link.ask("facts", {}, { isFirst: true, isRepeatable: false });
    if (!("keysVersion" in answer)) {
      const reason = `the helper speaks version ${answer.protocol} of their language and the bridge ${helperProtocol}: run the installer again, which brings both to one version.`;
      this.#offer(withoutHelper(reason));
      throw new Error(reason);
    }
    const { keysVersion, isolation, reason, sandbox, driver, driverReason, limited, programs, actions, features } =
      answer;
    const facts = { isolation, reason, sandbox, driver, driverReason, limited, programs, actions, features };
    const statements = this.#statements.after(keysVersion);
    if (statements.length > 0) await this.#link.ask("keys", { statements }, { isFirst: true, isRepeatable: false });
    this.#options.log.info("the helper answers", { isolation: facts.isolation, driver: facts.driver });
    this.#offer(facts);
  }

  #offer(facts: HostFacts): void {
    const hasChanged = JSON.stringify(facts) !== JSON.stringify(this.#facts);
    this.#facts = facts;
    this.#firstFacts.resolve();
    if (hasChanged) this.#options.onFacts();
  }

  /** Files first: only a run that was begun and has no result must be asked for. */
  async look(runId: RunId): Promise<RunTraces> {
    if (readResult(this.files.run(runId))) return { hasResult: true, hasStartMarker: true, isWrapperAlive: false };
    return this.#link.ask("look", { runId });
  }

  async prepare({ text }: HostCommand): Promise<Readiness> {
    return this.#unlessRefused(this.#link.ask("prepare", { text }), (refusal) => ({
      kind: "ended",
      completion: refused(refusal),
    }));
  }

  /** A launch that is refused although the run was ready is one whose helper was started again in between. */
  async launch({ command: { runId } }: HostCommand): Promise<void> {
    await this.#unlessRefused(this.#link.ask("launch", { runId }, { isRepeatable: false }), ({ message }) => {
      throw new HostLost(message);
    });
  }

  async untilEnded(runId: RunId): Promise<void> {
    const { log } = this.#options;
    try {
      await this.#link.ask("untilEnded", { runId }, { isRepeatable: false });
    } catch (error) {
      if (error instanceof HostLost) return;
      log.error("a run cannot be followed", { runId, reason: errorMessage(error) });
      await delay(askAgainMs); // Whoever follows it looks again after this.
    }
  }

  async clear({ command: { runId } }: HostCommand): Promise<Refusal | null> {
    // Asked twice, the second finds nothing to clear.
    const cleared = this.#link.ask("clear", { runId }).then(() => null);
    return this.#unlessRefused(cleared, (refusal) => refusal);
  }

  complete(
    { command: { runId } }: HostCommand,
    { isCancelled }: { readonly isCancelled: boolean },
  ): Promise<Completion> {
    // What a run is told that the helper would not complete: whatever its program did, nobody can say the rest.
    const asked: Promise<Completion> = this.#link.ask("complete", { runId, isCancelled });
    return this.#unlessRefused(asked, ({ code, message }) => failed(code, message));
  }

  async runOwn({ command: { runId }, text }: HostCommand, signal: AbortSignal): Promise<Completion> {
    const cancel = () => this.cancel(runId);
    signal.addEventListener("abort", cancel);
    try {
      for (;;) {
        const readiness = await this.prepare({ text } as HostCommand);
        if (readiness.kind === "ended") return readiness.completion;
        if (signal.aborted) return failed("CANCELLED", "It was stopped before it began.");
        const completion = await this.#link
          .ask("runOwn", { runId }, { isRepeatable: false })
          .catch((error: unknown) => {
            if (error instanceof HostLost) return undefined; // Doing it again is harmless.
            throw error;
          });
        if (completion) return completion;
      }
    } catch (error) {
      if (error instanceof HostRefused) return failed(error.refusal.code, error.refusal.message);
      throw error;
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  cancel(runId: RunId): void {
    this.#tell("cancel", { runId });
  }

  async kill(runId: RunId): Promise<void> {
    const killed = this.#link.ask("kill", { runId }).then(() => undefined);
    // Of a run that the helper does not know nothing can live.
    await this.#unlessRefused(killed, () => undefined);
  }

  endInput(runId: RunId): void {
    this.#tell("endInput", { runId });
  }

  dropOutput(runId: RunId): void {
    this.#tell("dropOutput", { runId });
  }

  forget(runId: RunId): void {
    this.#tell("forget", { runId });
  }

  /** What it said last; asks for the next time. */
  usage(): readonly MeasuredUsage[] {
    if (!this.#isAskingForUsage) {
      this.#isAskingForUsage = true;
      this.#link
        .ask("usage", {}, { isRepeatable: false })
        .then(
          (usage) => (this.#usage = usage),
          () => (this.#usage = []), // A helper that is not there says nothing.
        )
        .finally(() => (this.#isAskingForUsage = false));
    }
    return this.#usage;
  }

  /** Durable before the daemon takes them itself, so that no helper misses one. */
  keysChanged(statements: readonly SignedText[]): void {
    this.#statements.add(statements);
    this.#tell("keys", { statements: [...statements] });
  }

  warmUp(): void {
    // The helper keeps a wrapper ready by itself.
  }

  close(): void {
    this.#link.close();
  }

  #tell<V extends Extract<HostVerb, "cancel" | "endInput" | "dropOutput" | "forget" | "keys">>(
    verb: V,
    params: VerbParams<V>,
  ): void {
    const { log } = this.#options;
    this.#link.ask(verb, params).catch((error: unknown) => {
      log.warn(`the helper did not do ${verb}`, { reason: errorMessage(error) });
    });
  }

  async #unlessRefused<T>(asked: Promise<T>, onRefusal: (refusal: Refusal) => T): Promise<T> {
    try {
      return await asked;
    } catch (error) {
      if (error instanceof HostRefused) return onRefusal(error.refusal);
      throw error;
    }
  }
}
