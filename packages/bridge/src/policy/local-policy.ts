import { unwatchFile, watchFile } from "node:fs";
import { accept, refuse, type Refusal, type Result } from "@quarterdeck/core/errors/result";
import type { Command } from "@quarterdeck/core/protocol/command";
import { secondMs } from "@quarterdeck/core/units";
import type { Log } from "../log.ts";
import { decidePolicy, decideRepository, narrowCommand } from "./decide-policy.ts";
import type { Policy } from "./parse-policy.ts";
import { markOf, noFile, readPolicyFile, type FileMark } from "./policy-file.ts";

/** Where the owner's policy is. */
export interface PolicyPlace {
  readonly path: string;
  /** Without it everything is refused: somebody named this file. */
  readonly isRequired: boolean;
}

interface LocalPolicyOptions extends PolicyPlace {
  readonly log: Log;
}

/** What holds now. A file that cannot be read leaves the last good one in force; where there was none, nothing is allowed. */
export interface PolicyState {
  readonly policy: Policy | null;
  /** What is wrong with the file as it is now. */
  readonly problem: string | null;
}

const lookMs = 5 * secondMs;

/** The policy of the server's owner, as its file is at the moment of each decision. */
export class LocalPolicy {
  readonly path: string;
  readonly #isRequired: boolean;
  readonly #log: Log;
  readonly #onChange = new Set<() => void>();
  #mark: FileMark | undefined;
  #state: PolicyState = { policy: null, problem: null };

  constructor({ path, isRequired, log }: LocalPolicyOptions) {
    this.path = path;
    this.#isRequired = isRequired;
    this.#log = log;
    this.look();
  }

  get state(): PolicyState {
    this.look();
    return this.#state;
  }

  /** Says when something else holds than before, also while nothing is decided. @returns what ends it */
  watch(onChange: () => void): () => void {
    this.#onChange.add(onChange);
    const look = () => this.look();
    watchFile(this.path, { interval: lookMs, persistent: false }, look);
    return () => {
      this.#onChange.delete(onChange);
      unwatchFile(this.path, look);
    };
  }

  /** Decides about a command that is in order otherwise. @returns it with the owner's limits, or why it is refused */
  judge(command: Command): Result<Command> {
    const { policy, problem } = this.state;
    if (policy) {
      const forbidden = decidePolicy(policy, command);
      return forbidden ? { ok: false, error: forbidden } : accept(narrowCommand(policy, command));
    }
    return problem === null || command.action === "task.cancel" ? accept(command) : this.#refuseAll(problem);
  }

  /** Decides about a repository that turned out only while a command was carried out. */
  judgeRepository(url: string): Refusal | null {
    const { policy, problem } = this.state;
    if (policy) return decideRepository(policy, url);
    return problem === null ? null : this.#refuseAll(problem).error;
  }

  /** Reads the file again if it is another than before. */
  look(): void {
    const mark = markOf(this.path);
    if (mark === this.#mark) return;
    const isFirst = this.#mark === undefined;
    this.#mark = mark;
    const before = this.#state;
    this.#state = this.#read(before.policy);
    this.#tell(isFirst);
    if (isFirst || (before.policy?.hash === this.#state.policy?.hash && before.problem === this.#state.problem)) return;
    for (const changed of this.#onChange) changed();
  }

  #read(lastGood: Policy | null): PolicyState {
    const read = readPolicyFile(this.path);
    if (read === null) {
      const problem = `${this.path} is not there${lastGood ? " any more" : ""}. Put it back, or start the bridge again without it.`;
      return lastGood || this.#isRequired ? { policy: lastGood, problem } : { policy: null, problem: null };
    }
    return "problem" in read ? { policy: lastGood, problem: read.problem } : { policy: read, problem: null };
  }

  #tell(isFirst: boolean): void {
    const { policy, problem } = this.#state;
    if (problem !== null) {
      const consequence = policy ? "the last good policy stays in force" : "everything is refused until it is mended";
      this.#log.error(`the local policy cannot be used; ${consequence}`, { problem });
    } else if (policy) this.#log.info("the local policy is in force", { path: this.path, hash: policy.hash });
    else if (isFirst && this.#mark === noFile) this.#log.info("there is no local policy", { path: this.path });
    else this.#log.info("the local policy was taken away", { path: this.path });
  }

  #refuseAll(problem: string) {
    return refuse(
      "POLICY_UNREADABLE",
      `The policy file of the server cannot be used, so nothing may run there: ${problem} Its owner can check it with: quarterdeck-bridge policy check`,
    );
  }
}
