import type { Clock } from "@quarterdeck/core/clock";
import type { ServerId } from "@quarterdeck/core/ids";
import { signText } from "@quarterdeck/core/protocol/signing";
import type { RunFinished, RunResult } from "@quarterdeck/core/protocol/result";
import type { CommandRecord } from "../journal/command-record.ts";
import type { GroupCommit } from "../journal/group-commit.ts";
import type { Journal } from "../journal/journal.ts";

interface RunLedgerOptions {
  readonly journal: Journal;
  readonly commits: GroupCommit;
  readonly privateKey: CryptoKey;
  readonly serverId: ServerId;
  readonly clock: Clock;
  /** A result is durable and can be sent. */
  readonly onResult: () => void;
}

/** Writes down how far runs are: each step is durable, and signed where the platform must know it. */
export class RunLedger {
  readonly serverId: ServerId;
  readonly clock: Clock;
  readonly #options: RunLedgerOptions;

  constructor(options: RunLedgerOptions) {
    this.serverId = options.serverId;
    this.clock = options.clock;
    this.#options = options;
  }

  async #record(record: CommandRecord, result: RunResult): Promise<CommandRecord> {
    const { journal, commits, privateKey } = this.#options;
    const signed = await signText(privateKey, "result", JSON.stringify(result));
    await commits.commit(() => {
      journal.save(record);
      journal.addResult(record.commandId, signed, result.kind === "finished");
    });
    this.#options.onResult();
    return record;
  }

  async intent(record: CommandRecord, bootId: string): Promise<CommandRecord> {
    const next: CommandRecord = { ...record, state: "INTENT", bootId };
    await this.#options.commits.commit(() => this.#options.journal.save(next));
    return next;
  }

  started(record: CommandRecord, result: RunResult): Promise<CommandRecord> {
    return this.#record({ ...record, state: "STARTED" }, result);
  }

  done(record: CommandRecord, result: RunFinished): Promise<CommandRecord> {
    return this.#record({ ...record, state: "DONE" }, result);
  }
}
