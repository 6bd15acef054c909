import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from "node:fs";
import { dirname } from "node:path";
import { limits } from "@quarterdeck/core/protocol/limits";
import * as z from "zod";
import { runDirectoryMode, type RunDirectory } from "../data-directory.ts";
import { fsyncDirectory, writeWhole } from "../durable-file.ts";
import type { RunEvidence } from "../journal/recovery.ts";
import { processStartTicks } from "../wrapper/processes.ts";
import type { StartMarker, WrapperResult, WrapperSpec } from "../wrapper/wrapper-spec.ts";

const markerSchema: z.ZodType<StartMarker> = z.object({
  pid: z.int(),
  startTicks: z.string(),
  bootId: z.string(),
  startedAtMs: z.int(),
});

const resultSchema: z.ZodType<WrapperResult> = z.object({
  verdict: z.enum(["succeeded", "failed", "cancelled", "timedOut", "interrupted"]),
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  startedAtMs: z.int(),
  finishedAtMs: z.int(),
  durationMs: z.int().min(0),
  outputBytes: z.int().min(0),
  outputCutBytes: z.int().min(0),
  code: z.string().nullable(),
  message: z.string().nullable(),
});

/** A file that is not there, or not whole, says nothing: the evidence is then what else there is. */
function readJson<T>(path: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(readFileSync(path, "utf8"))).data;
  } catch {
    return undefined;
  }
}

export function readResult(run: RunDirectory): WrapperResult | undefined {
  return readJson(run.result, resultSchema);
}

export function readMarker(run: RunDirectory): StartMarker | undefined {
  return readJson(run.started, markerSchema);
}

/** The process that runs this run, if it still does. */
export function livingWrapper(run: RunDirectory, bootId: string): number | undefined {
  const marker = readMarker(run);
  if (!marker || marker.bootId !== bootId) return undefined;
  return processStartTicks(marker.pid) === marker.startTicks ? marker.pid : undefined;
}

export function readEvidence(run: RunDirectory, bootId: string): Omit<RunEvidence, "effect"> {
  // The wrapper is asked first: one that ends meanwhile has left its result by then.
  const isWrapperAlive = livingWrapper(run, bootId) !== undefined;
  return { isWrapperAlive, hasStartMarker: existsSync(run.started), hasResult: readResult(run) !== undefined };
}

/** Says what a wrapper is to run. It is made anew from the command for each start, so it need not outlive the machine. */
export function prepareRun(run: RunDirectory, spec: WrapperSpec): void {
  mkdirSync(run.path, { recursive: true, mode: runDirectoryMode });
  // The start marker in it is worth nothing if a power loss takes the directory itself.
  fsyncDirectory(dirname(run.path));
  if (spec.takesInput) makeInput(run);
  writeWhole(run.spec, JSON.stringify(spec));
}

function makeInput(run: RunDirectory): void {
  if (existsSync(run.input) || existsSync(run.unopenedInput)) return;
  execFileSync("mkfifo", ["-m", "664", run.unopenedInput], { env: { PATH: "/usr/local/bin:/usr/bin:/bin" } });
}

/** Removes what an earlier start left, so that the run can start again. Its output stays and is continued. */
export function clearStart(run: RunDirectory): void {
  rmSync(run.result, { force: true });
  rmSync(run.started, { force: true });
  fsyncDirectory(run.path);
}

export interface RecordedOutput {
  readonly bytes: number;
  readonly tail: Buffer;
}

/** How much output a run's file holds, and the end of it. */
export function readOutputEnd(run: RunDirectory): RecordedOutput {
  if (!existsSync(run.output)) return { bytes: 0, tail: Buffer.alloc(0) };
  const descriptor = openSync(run.output, constants.O_RDONLY);
  try {
    const bytes = fstatSync(descriptor).size;
    const tail = Buffer.alloc(Math.min(bytes, limits.tailBytes));
    const count = readSync(descriptor, tail, 0, tail.length, bytes - tail.length);
    return { bytes, tail: tail.subarray(0, count) };
  } finally {
    closeSync(descriptor);
  }
}
