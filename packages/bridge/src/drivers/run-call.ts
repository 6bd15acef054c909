import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { ProgramCall } from "./program-call.ts";

/** How a call ended that was run to its end. */
export interface CallEnd {
  /** Null when it was killed, or could not be started. */
  readonly exitCode: number | null;
  readonly output: string;
  /** What it wrote to its standard error, or why it could not be started. */
  readonly errors: string;
}

interface CallLimits {
  readonly timeoutMs: number;
  /** It is killed when it writes more. */
  readonly outputBytes: number;
  readonly signal?: AbortSignal;
}

/** Runs a short call to its end, without a wrapper. Rejects only when it is aborted. */
export async function runCall(call: ProgramCall, { timeoutMs, outputBytes, signal }: CallLimits): Promise<CallEnd> {
  const files = (call.files ?? []).map((path) => openSync(path, "r"));
  const { promise, resolve, reject } = Promise.withResolvers<CallEnd>();
  try {
    const child = spawn(call.program, [...call.args], {
      cwd: call.directory,
      env: { ...call.environment },
      stdio: ["ignore", "pipe", "pipe", ...files],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
      ...call.user,
      ...(signal ? { signal } : {}),
    });
    const outputs = [child.stdout, child.stderr].map((stream) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      stream?.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > outputBytes) child.kill("SIGKILL");
      });
      return chunks;
    });
    const text = (index: number) => Buffer.concat(outputs[index] ?? []).toString("utf8");
    let failure: Error | undefined;
    child.once("error", (error) => (failure = error));
    child.once("close", (code) => {
      if (failure?.name === "AbortError") return reject(failure);
      const exitCode = code !== null && code >= 0 ? code : null;
      resolve({ exitCode, output: text(0), errors: text(1) || (failure?.message ?? "") });
    });
  } finally {
    for (const file of files) closeSync(file);
  }
  return promise;
}
