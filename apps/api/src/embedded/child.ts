import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, renameSync, statSync, type WriteStream } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

export interface ChildSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly logFile: string;
  /** The pipe that ends with the supervisor. */
  readonly lifeline: string;
  /** Which permissions files that it makes do not get; runs of the bridge want what users expect, the rest keeps to itself. */
  readonly umask: number;
}

const keepLogBytes = 10 * 1024 * 1024;

/** With it, the kernel kills a child when its parent is gone, even when the parent was killed itself. */
const hasDeathSignal = spawnSync("setpriv", ["--pdeathsig", "KILL", "true"]).status === 0;

/** How a program is started so that it never outlives the supervisor. */
function tied(spec: ChildSpec): { command: string; args: string[] } {
  if (hasDeathSignal) return { command: "setpriv", args: ["--pdeathsig", "KILL", "--", spec.command, ...spec.args] };
  const guard = join(import.meta.dirname, "guard.ts");
  return { command: process.execPath, args: [guard, spec.lifeline, spec.command, ...spec.args] };
}

function openLog(path: string): WriteStream {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (existsSync(path) && statSync(path).size > keepLogBytes) renameSync(path, `${path}.1`);
  return createWriteStream(path, { flags: "a", mode: 0o600 });
}

/** Starts a program in a process group of its own, so that Ctrl-C reaches only the supervisor, which stops it in order. */
export function startChild(spec: ChildSpec): ChildProcess {
  const { command, args } = tied(spec);
  const umask = process.umask(spec.umask);
  const child = spawn(command, args, {
    cwd: spec.cwd,
    env: spec.env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  process.umask(umask);
  const log = openLog(spec.logFile);
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  child.once("close", () => log.end());
  return child;
}

/** What became of a child that ended: for the log and the terminal. */
export function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  return signal ? `was ended by ${signal}` : `ended with code ${code}`;
}

/** Waits until a child has ended, `timeoutMs` at most. Returns whether it has. */
export async function waitForEnd(child: ChildProcess, timeoutMs: number): Promise<boolean> {
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  if (!hasEnded()) {
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    await Promise.race([ended, delay(timeoutMs, undefined, { ref: false })]);
  }
  return hasEnded();
}

/** Asks a child to stop, and kills it when it has not after `graceMs`. */
export async function stopChild(child: ChildProcess, graceMs: number): Promise<void> {
  if (await waitForEnd(child, 0)) return;
  child.kill("SIGTERM");
  if (await waitForEnd(child, graceMs)) return;
  child.kill("SIGKILL");
  await waitForEnd(child, graceMs);
}
