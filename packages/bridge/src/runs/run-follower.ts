import { existsSync } from "node:fs";
import type { SecretInput } from "@quarterdeck/core/actions/secret-input";
import type { RunId } from "@quarterdeck/core/ids";
import type { WorkspaceCommand } from "../actions/action-context.ts";
import type { CommandRecord } from "../journal/command-record.ts";
import type { ActiveRun } from "./active-run.ts";
import { startedResult } from "./finished-result.ts";
import { livingWrapper, readMarker } from "./run-files.ts";
import type { RunLedger } from "./run-ledger.ts";
import { watchRun } from "./run-watch.ts";
import type { WrapperLauncher } from "./wrapper-launcher.ts";

interface RunFollowerOptions {
  readonly ledger: RunLedger;
  readonly launcher: WrapperLauncher;
  readonly bootId: string;
  readonly onOutput: (runId: RunId) => void;
}

/**
 * A run that ends sooner than this is reported once, by its end, which says when it started: the report of its start would
 * be old when it came, and would take the machine's time from the run itself.
 */
const reportStartAfterMs = 40;

/** Follows runs in their wrappers until they have a result or their wrapper is gone. */
export class RunFollower {
  readonly #options: RunFollowerOptions;

  constructor(options: RunFollowerOptions) {
    this.#options = options;
  }

  async follow(
    first: CommandRecord,
    command: WorkspaceCommand,
    { run, launch }: { run: ActiveRun; launch?: { readonly secretInput: SecretInput } },
  ): Promise<CommandRecord> {
    const { bootId, launcher, onOutput } = this.#options;
    let record = first;
    let wake: () => void = () => undefined;
    let isStartDue = false;
    let reporting: NodeJS.Timeout | undefined;
    const stopWatching = watchRun(run.directory, {
      onOutput: () => onOutput(run.runId),
      onChange: () => wake(),
      mustLook: !launch,
    });
    let hasEnded = false;
    try {
      const wrapper = launch ? launcher.launch(run.directory, launch.secretInput) : undefined;
      void wrapper?.ended.then(() => {
        hasEnded = true;
        wake();
      });
      for (;;) {
        const changed = new Promise<void>((resolve) => (wake = resolve));
        const isOver = hasEnded || (!launch && livingWrapper(run.directory, bootId) === undefined);
        if (isOver || existsSync(run.directory.result)) return record;
        if (isStartDue && record.state !== "STARTED") {
          record = await this.#reportStart(record, command, run);
          if (record.state === "STARTED") continue; // It may have ended meanwhile.
        }
        if (record.state !== "STARTED" && existsSync(run.directory.started)) {
          reporting ??= setTimeout(() => {
            isStartDue = true;
            wake();
          }, reportStartAfterMs);
        }
        await changed;
      }
    } finally {
      clearTimeout(reporting);
      stopWatching();
    }
  }

  async #reportStart(record: CommandRecord, command: WorkspaceCommand, run: ActiveRun): Promise<CommandRecord> {
    const { ledger } = this.#options;
    const marker = readMarker(run.directory);
    return marker ? ledger.started(record, startedResult(command, ledger.serverId, marker.startedAtMs)) : record;
  }
}
