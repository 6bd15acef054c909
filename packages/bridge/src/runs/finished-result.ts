import type { Command } from "@quarterdeck/core/protocol/command";
import type { RunFinished, RunStarted } from "@quarterdeck/core/protocol/result";
import type { ServerId } from "@quarterdeck/core/ids";
import type { Completion } from "../actions/action-context.ts";
import type { WrapperResult } from "../wrapper/wrapper-spec.ts";
import type { RunSealer } from "../sealing/run-sealer.ts";
import { sealRepository } from "../sealing/sealed-repository.ts";
import type { RecordedOutput } from "./run-files.ts";

export type ResultIds = Pick<Command, "commandId" | "runId" | "taskId" | "attempt">;

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
  /** What seals its content; without one the result carries none. */
  readonly sealer?: RunSealer | undefined;
  /** What the wrapper said, where there was one. */
  readonly end?: WrapperResult | undefined;
  /** Whether the relay knows what says how much a run used. */
  readonly saysUse?: boolean;
}

/** What the bridge says about the end of a run. */
export function finishedResult(parts: FinishedParts): RunFinished {
  const { ids, serverId, completion, times, output, sealer, end, saysUse = false } = parts;
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
    ...(saysUse ? completion.used : {}),
    tail: output.tail.length === 0 ? null : (sealer?.seal(output.tail, { kind: "tail" }) ?? null),
    code: completion.code?.slice(0, 64) ?? null,
    message: completion.message?.slice(0, 2000) ?? null,
    quote:
      completion.quote === undefined ? null : (sealer?.sealText(clip(completion.quote), { kind: "quote" }) ?? null),
    repository: completion.repository && sealer ? sealRepository(completion.repository, sealer) : null,
    ...(completion.archives ? { archives: completion.archives } : {}),
  };
}

/** Short enough for a result, whatever its characters take in UTF-8. */
function clip(quote: string): string {
  return quote.slice(0, 500);
}
