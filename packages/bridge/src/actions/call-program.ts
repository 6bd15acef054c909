import { spawn } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { mebibyte } from "@quarterdeck/core/units";
import type { ProgramCall } from "../drivers/program-call.ts";

export interface ProgramAnswer {
  /** -1 where it did not end by itself. */
  readonly exitCode: number;
  readonly output: string;
  readonly errors: string;
}

interface CallOptions {
  readonly signal?: AbortSignal;
  /** What it gets to read; nothing without. */
  readonly input?: string;
}

const timeoutMs = 30_000;
const limitBytes = 32 * mebibyte;

/** Runs a program to its end and returns what it wrote: for short reads only. Rejects when `signal` aborts it. */
export function callProgram(call: ProgramCall, { signal, input }: CallOptions = {}): Promise<ProgramAnswer> {
  const { program, args, directory, environment, user, files = [] } = call;
  const descriptors = files.map((file) => openSync(file, constants.O_RDONLY));
  return new Promise<ProgramAnswer>((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: directory,
      env: { ...environment },
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe", ...descriptors],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
      ...(user ?? {}),
      ...(signal ? { signal } : {}),
    });
    let failure = "";
    const stop = (reason: string) => {
      failure ||= reason;
      child.kill("SIGKILL");
    };
    const [output, errors] = [child.stdout, child.stderr].map((stream) => collect(stream, stop));
    child.stdin?.on("error", () => undefined); // It need not read what it gets.
    child.stdin?.end(input);
    const end = (code: number | null) => {
      const isWhole = failure === "" && code !== null;
      resolve({ exitCode: isWhole ? code : -1, output: output?.() ?? "", errors: errors?.() || failure });
    };
    child.once("error", (error) => {
      failure ||= error.message;
      if (signal?.aborted) reject(error);
      else if (child.pid === undefined) end(null);
    });
    child.once("close", (code, killedBy) => {
      if (killedBy !== null) failure ||= `it was ended by ${killedBy}`;
      end(code);
    });
  }).finally(() => {
    for (const descriptor of descriptors) closeSync(descriptor);
  });
}

function collect(stream: NodeJS.ReadableStream | null, stop: (reason: string) => void): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream?.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > limitBytes) return stop("it wrote too much");
    chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString("utf8");
}
