import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { RunDirectory } from "../data-directory.ts";
import { kibibyte } from "@quarterdeck/core/units";
import { isDiskFull } from "../disk/disk-full.ts";
import { createExclusively, ReservedFile } from "../durable-file.ts";
import { startCompanion } from "./companion.ts";
import { endRun, killWhole } from "./end-run.ts";
import { watchLifeline } from "./lifeline.ts";
import { limitsReached } from "./limits-reached.ts";
import { handOver, readPipe, type OutputPipe } from "./output-pipe.ts";
import { OutputRecorder, type OutputProblem } from "./output-recorder.ts";
import { openRunInput } from "./run-input.ts";
import { bootId, processStartTicks } from "./processes.ts";
import { explainStart, startProgram, type RunSpec } from "./start-program.ts";
import type { StartMarker, WrapperResult } from "./wrapper-spec.ts";

type StopReason = "cancelled" | "timedOut" | "interrupted";

const stopMessages: Record<StopReason, { code: string; message: string }> = {
  cancelled: { code: "CANCELLED", message: "It was cancelled." },
  timedOut: { code: "TIMED_OUT", message: "It ran longer than it may and was stopped." },
  interrupted: { code: "INTERRUPTED", message: "Quarterdeck on that machine was stopped, and the run with it." },
};

const longestTimerMs = 2 ** 31 - 1;
const drainMs = 1000;
/** Room for every result: a few numbers and a sentence. */
const resultBytes = 4 * kibibyte;
const writeAgainMs = 500;

interface ProgramEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly startError?: Error;
  /** What it met of its limits. */
  readonly limits?: { readonly code: string; readonly message: string } | undefined;
}

function programEnd(child: ChildProcess): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    child.once("error", (startError) => resolve({ exitCode: null, signal: null, startError }));
    child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
  });
}

/**
 * Runs one run from its start marker to its result file.
 *
 * @returns `false` when the run has been started before: then nothing was done
 */
export async function runProgram(run: RunDirectory, spec: RunSpec, pipe: OutputPipe): Promise<boolean> {
  const startedAtMs = Date.now();
  const marker: StartMarker = {
    pid: process.pid,
    startTicks: processStartTicks(process.pid) ?? "",
    bootId: bootId(),
    startedAtMs,
  };
  let onStop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (onStop = resolve));
  let reason: StopReason | undefined;
  const stop = (why: StopReason) => {
    reason ??= why;
    onStop();
  };
  const unsubscribe = subscribe({
    SIGTERM: () => stop(existsSync(run.cancel) ? "cancelled" : "interrupted"),
    SIGINT: () => stop("interrupted"),
    SIGHUP: () => undefined,
  });
  const resultFile = new ReservedFile(run.result, resultBytes);
  if (!createExclusively(run.started, JSON.stringify(marker))) {
    resultFile.release();
    unsubscribe();
    return false;
  }

  const begin = performance.now();
  if (existsSync(run.cancel)) stop("cancelled");
  const unwatch = spec.lifeline === null ? () => undefined : watchLifeline(spec.lifeline, () => stop("interrupted"));
  const timer = setTimeout(() => stop("timedOut"), Math.min(spec.timeoutMs, longestTimerMs));
  const recorder = new OutputRecorder(run.output, spec.outputLimitBytes);
  const end =
    reason === undefined ? await runUntilEnd({ run, spec, pipe, recorder, stopped }) : { exitCode: null, signal: null };
  clearTimeout(timer);
  unwatch();

  const output = recorder.close();
  const isSuccess = end.exitCode === 0;
  const result: WrapperResult = {
    verdict: reason ?? (isSuccess ? "succeeded" : "failed"),
    exitCode: end.exitCode,
    signal: end.signal,
    startedAtMs,
    finishedAtMs: Date.now(),
    durationMs: Math.round(performance.now() - begin),
    outputBytes: output.outputBytes,
    outputCutBytes: output.outputCutBytes,
    ...explain(reason, end, output.problem),
  };
  await writeResult(resultFile, JSON.stringify(result));
  unsubscribe();
  return true;
}

/** File systems that never write in place may have no room in spite of the reserve: as long as so, the run has not ended. */
async function writeResult(file: ReservedFile, text: string): Promise<void> {
  for (;;) {
    try {
      return file.write(text);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      await delay(writeAgainMs);
    }
  }
}

/** Between two runs a signal just ends the wrapper. Returns how to get there. */
function subscribe(listeners: Partial<Record<NodeJS.Signals, () => void>>): () => void {
  const all = Object.entries(listeners);
  for (const [signal, listener] of all) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of all) process.off(signal, listener);
  };
}

function explain(
  reason: StopReason | undefined,
  end: ProgramEnd,
  problem: OutputProblem | null,
): { code: string | null; message: string | null } {
  if (reason !== undefined) return stopMessages[reason];
  if (end.startError) return explainStart(end.startError);
  if (end.limits) return end.limits;
  if (problem === "full")
    return { code: "DISK_FULL", message: "The server's disk is full, so a part of the output was not kept." };
  if (problem === "failed")
    return { code: "INTERNAL", message: "The server's disk failed, so the output may be incomplete." };
  return { code: null, message: null };
}

interface RunningProgram {
  readonly run: RunDirectory;
  readonly spec: RunSpec;
  readonly pipe: OutputPipe;
  readonly recorder: OutputRecorder;
  readonly stopped: Promise<void>;
}

async function runUntilEnd({ run, spec, pipe, recorder, stopped }: RunningProgram): Promise<ProgramEnd> {
  const input = spec.takesInput ? openRunInput(run) : undefined;
  const given = spec.secretInput.stdin === undefined ? "ignore" : "pipe";
  const endCompanion = spec.companion ? startCompanion(spec.companion) : () => undefined;
  const child = attempt(() =>
    startProgram(spec, { input: input?.readDescriptor ?? given, output: pipe.writeDescriptor }),
  );
  const reader = readPipe(pipe);
  const drained = new Promise<void>((resolve) => reader.once("close", () => resolve()));
  reader.on("data", (data: Buffer) => recorder.write(data));
  handOver(pipe);
  input?.handOver();
  const end =
    child instanceof Error ? { exitCode: null, signal: null, startError: child } : await untilEnd(child, spec, stopped);
  input?.close();
  endCompanion();
  await Promise.race([drained, delay(drainMs)]);
  reader.destroy();
  return end;
}

function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function untilEnd(child: ChildProcess, spec: RunSpec, stopped: Promise<void>): Promise<ProgramEnd> {
  const ended = programEnd(child);
  child.stdin?.on("error", () => undefined); // A program need not read what it was given.
  child.stdin?.end(spec.secretInput.stdin);
  const target = { runId: spec.runId, session: child.pid, group: spec.group };
  const isStopped = await Promise.race([ended.then(() => false), stopped.then(() => true)]);
  if (isStopped) await endRun(target, spec.graceMs);
  const end = await ended;
  // Nothing of a run outlives it: what it left in the background goes with it.
  if (spec.group || !spec.isSandboxed) await killWhole(target);
  return { ...end, limits: limitsReached(spec.group) };
}
