import { readdirSync, readFileSync } from "node:fs";
import type { RunId } from "@quarterdeck/core/ids";
import { runMarker } from "./wrapper-spec.ts";

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined; // The process ended while we looked, or is not ours.
  }
}

interface Stat {
  readonly command: string;
  readonly state: string;
  readonly parent: number;
  readonly session: number;
  readonly startTicks: string;
}

/** /proc/PID/stat; the command may hold spaces and brackets, so fields count from the last bracket. */
function readStat(pid: number): Stat | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const close = text.lastIndexOf(")");
  const fields = text.slice(close + 2).split(" ");
  return {
    command: text.slice(text.indexOf("(") + 1, close),
    state: fields[0] ?? "",
    parent: Number(fields[1]),
    session: Number(fields[3]),
    startTicks: fields[19] ?? "",
  };
}

export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** When a process started, in clock ticks since boot: with its id it names one process for good. */
export function processStartTicks(pid: number): string | undefined {
  const stat = readStat(pid);
  return stat && stat.state !== "Z" && stat.state !== "X" ? stat.startTicks : undefined;
}

const sandboxCommand = "bwrap";

export interface RunProcess {
  readonly pid: number;
  readonly isSandbox: boolean;
}

/**
 * Every living process of a run: those that carry its marker in their environment, those in the program's session, and
 * all descendants of both. It sees through process namespaces, which hide nothing from the outside.
 */
export function findRunProcesses(runId: RunId, session?: number): RunProcess[] {
  const marker = `${runMarker}=${runId}`;
  const stats = new Map<number, Stat>();
  const members = new Set<number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    if (pid === process.pid) continue;
    const stat = readStat(pid);
    if (!stat || stat.state === "Z" || stat.state === "X") continue;
    stats.set(pid, stat);
    const isMember =
      (session !== undefined && stat.session === session) || read(`/proc/${pid}/environ`)?.split("\0").includes(marker);
    if (isMember) members.add(pid);
  }
  for (let grew = members.size > 0; grew; ) {
    grew = false;
    for (const [pid, stat] of stats) {
      if (members.has(pid) || !members.has(stat.parent)) continue;
      members.add(pid);
      grew = true;
    }
  }
  return [...members].map((pid) => ({ pid, isSandbox: stats.get(pid)?.command === sandboxCommand }));
}

/** Whether a process is one of the sandbox around a program, and not of the program. */
export function isSandboxProcess(pid: number): boolean {
  return readStat(pid)?.command === sandboxCommand;
}

/** Sends a signal; a process that is gone already is what was wanted. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && (error.code === "ESRCH" || error.code === "EPERM"))) throw error;
  }
}
