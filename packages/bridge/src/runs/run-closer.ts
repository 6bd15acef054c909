import { runUseSince } from "@quarterdeck/core/protocol/frame-versions";
import type { Version } from "@quarterdeck/core/protocol/version";
import type { Completion } from "../actions/action-context.ts";
import type { ExecutionHost } from "../host/execution-host.ts";
import type { CommandRecord } from "../journal/command-record.ts";
import type { Log } from "../log.ts";
import type { WrapperResult } from "../wrapper/wrapper-spec.ts";
import type { ContentKeys } from "../sealing/content-keys.ts";
import { finishedResult, type ResultIds, type RunTimes } from "./finished-result.ts";
import { readOutputEnd } from "./run-files.ts";
import type { RunLedger } from "./run-ledger.ts";

interface RunCloserOptions {
  readonly ledger: RunLedger;
  readonly files: ExecutionHost["files"];
  readonly contentKeys: ContentKeys;
  /** Whether the relay that proved itself last knows what a version brought; nobody knows before the first. */
  readonly speaks: (since: Version) => boolean;
  readonly log: Log;
}

export interface Ending {
  readonly completion: Completion;
  /** Absent when it never started. */
  readonly times?: RunTimes;
  /** What the wrapper said, where there was one. */
  readonly end?: WrapperResult;
}

/** Records how a run ended, with the end of its output: the last thing that happens to it here. */
export class RunCloser {
  readonly #options: RunCloserOptions;

  constructor(options: RunCloserOptions) {
    this.#options = options;
  }

  async close(record: CommandRecord, ids: ResultIds, { completion, times, end }: Ending): Promise<void> {
    const { ledger, files, contentKeys, speaks, log } = this.#options;
    const result = finishedResult({
      ids,
      serverId: ledger.serverId,
      completion,
      times: times ?? { startedAtMs: null, finishedAtMs: ledger.clock.nowMs(), durationMs: 0 },
      output: readOutputEnd(files.run(record.runId)),
      sealer: contentKeys.find(record.runId),
      end,
      saysUse: speaks(runUseSince),
    });
    await ledger.done(record, result);
    log.info("run ended", { runId: record.runId, verdict: completion.verdict, code: completion.code });
  }
}
