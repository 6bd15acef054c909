import type { Command } from "@quarterdeck/core/protocol/command";
import type { RunFinished, RunStarted } from "@quarterdeck/core/protocol/result";
import type { ServerId } from "@quarterdeck/core/ids";
import type { Completion } from "../actions/action-context.ts";
import type { WrapperResult } from "../wrapper/wrapper-spec.ts";
import type { RecordedOutput } from "./run-files.ts";

type ResultIds = Pick<Command, "commandId" | "runId" | "taskId" | "attempt">;

export function startedResult(ids: ResultIds, serverId: ServerId, startedAtMs: number): RunStarted {
  return { v: 1, serverId, ...pickIds(ids), kind: "started", startedAtMs };
}

function pickIds({ commandId, runId, taskId, attempt }: ResultIds): ResultIds {
  return { commandId, runId, taskId, attempt };
}

export interface RunTimes {
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number;
  readonly durationMs: number;
}

interface FinishedParts {
  readonly ids: ResultIds;
  readonly serverId: ServerId;
  readonly completion: Completion;
  readonly times: RunTimes;
  readonly output: RecordedOutput;
  /** What the wrapper said, where there was one. */
  readonly end?: WrapperResult | undefined;
}

/** What the bridge says about the end of a run. */
export function finishedResult({ ids, serverId, completion, times, output, end }: FinishedParts): RunFinished {
  return {
    v: 1,
    serverId,
    ...pickIds(ids),
    kind: "finished",
    verdict: completion.verdict,
    exitCode: end?.exitCode ?? null,
    signal: end?.signal ?? null,
    ...times,
    outputBytes: end?.outputBytes ?? output.bytes,
    outputCutBytes: end?.outputCutBytes ?? 0,
    tail: output.tail.toString("base64"),
    code: completion.code?.slice(0, 64) ?? null,
    message: completion.message?.slice(0, 2000) ?? null,
    repository: completion.repository,
  };
}
