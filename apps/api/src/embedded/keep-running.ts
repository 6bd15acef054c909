import { statSync } from "node:fs";
import type { ChildProcess } from "node:child_process";
import { describeExit, startChild, stopChild, waitForEnd, type ChildSpec } from "./child.ts";

const firstDelayMs = 300;
const longestDelayMs = 10_000;
/** A child that lived this long starts over with the first delay. */
const healthyMs = 30_000;

/** A program that is started again whenever it ends, once it has been established and until it is stopped. */
export interface KeptChild {
  readonly spec: ChildSpec;
  /** Where in its log this start began, in bytes. */
  readonly logStart: number;
  /** From now on it is started again when it ends. Before, an end is for whoever waits for it to be ready. */
  established(): void;
  /** How it ended last, if it ever did. */
  lastEnd(): string | undefined;
  /** Lets it end by itself and not come back; waits for that, `timeoutMs` at most. */
  letEnd(timeoutMs: number): Promise<void>;
  stop(graceMs: number): Promise<void>;
}

export function keepRunning(spec: ChildSpec, say: (line: string) => void): KeptChild {
  let child: ChildProcess;
  const logStart = statSync(spec.logFile, { throwIfNoEntry: false })?.size ?? 0;
  let isStopping = false;
  let isEstablished = false;
  let delayMs = firstDelayMs;
  let restart: NodeJS.Timeout | undefined;
  let lastEnd: string | undefined;

  const again = (what: string, startedAt: number) => {
    lastEnd = what;
    if (isStopping || !isEstablished) return;
    if (performance.now() - startedAt > healthyMs) delayMs = firstDelayMs;
    say(`${spec.name} ${what}; starting it again (log: ${spec.logFile})`);
    restart = setTimeout(start, delayMs);
    delayMs = Math.min(delayMs * 2, longestDelayMs);
  };
  const start = () => {
    const startedAt = performance.now();
    child = startChild(spec);
    child.once("error", (error) => again(`cannot be started: ${error.message}`, startedAt));
    child.once("exit", (code, signal) => again(describeExit(code, signal), startedAt));
  };
  start();

  return {
    spec,
    logStart,
    established() {
      isEstablished = true;
    },
    lastEnd: () => lastEnd,
    async letEnd(timeoutMs) {
      isStopping = true;
      clearTimeout(restart);
      await waitForEnd(child, timeoutMs);
    },
    async stop(graceMs) {
      isStopping = true;
      clearTimeout(restart);
      await stopChild(child, graceMs);
    },
  };
}
