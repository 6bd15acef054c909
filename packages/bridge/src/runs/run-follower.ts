import { existsSync } from "node:fs";
import type { RunId } from "@quarterdeck/core/ids";
import { HostLost, type ExecutionHost, type HostCommand } from "../host/execution-host.ts";
import type { CommandRecord } from "../journal/command-record.ts";
import type { ActiveRun } from "./active-run.ts";
import { startedResult } from "./finished-result.ts";
import { readMarker } from "./run-files.ts";
import type { RunLedger } from "./run-ledger.ts";
import { watchRun } from "./run-watch.ts";

interface RunFollowerOptions {
  readonly ledger: RunLedger;
  readonly host: ExecutionHost;
  readonly onOutput: (runId: RunId) => void;
}

/**
 * A run that ends sooner than this is reported once, by its end, which says when it started: the report of its start would
 * be old when it came, and would take the machine's time from the run itself.
 */
const reportStartAfterMs = 40;

/** Follows runs in their wrappers until they have a result, their wrapper is gone, or nobody can say any more. */
export class RunFollower {
  readonly #options: RunFollowerOptions;

  constructor(options: RunFollowerOptions) {
    this.#options = options;
  }

  async follow(
    first: CommandRecord,
    work: HostCommand,
    { run, isLaunch }: { readonly run: ActiveRun; readonly isLaunch: boolean },
  ): Promise<CommandRecord> {
    const { host, onOutput } = this.#options;
    let record = first;
    let wake: () => void = () => undefined;
    let isStartDue = false;
    let reporting: NodeJS.Timeout | undefined;
    const stopWatching = watchRun(run.directory, { onOutput: () => onOutput(run.runId), onChange: () => wake() });
    let hasEnded = false;
    try {
      if (isLaunch) await host.launch(work);
      void host.untilEnded(run.runId).then(() => {
        hasEnded = true;
        wake();
      });
      for (;;) {
        const changed = new Promise<void>((resolve) => (wake = resolve));
        if (hasEnded || existsSync(run.directory.result)) return record;
        if (isStartDue && record.state !== "STARTED") {
          record = await this.#reportStart(record, work, run);
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
    } catch (error) {
      if (error instanceof HostLost) return record;
      throw error;
    } finally {
      clearTimeout(reporting);
      stopWatching();
    }
  }

  async #reportStart(record: CommandRecord, { command }: HostCommand, run: ActiveRun): Promise<CommandRecord> {
    const { ledger } = this.#options;
    const marker = readMarker(run.directory);
    return marker ? ledger.started(record, startedResult(command, ledger.serverId, marker.startedAtMs)) : record;
  }
}
