import { kibibyte } from "@quarterdeck/core/units";
import { readFirst } from "./group-files.ts";

/** The number after a name in a file of lines `name number`. */
export function counter(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const at = text.startsWith(`${name} `) ? 0 : text.indexOf(`\n${name} `) + 1;
  if (at === 0 && !text.startsWith(`${name} `)) return undefined;
  return Number.parseInt(text.slice(at + name.length + 1), 10);
}

/** A limit as a file says it; null: none. With v1 "none" is -1 or as many pages as fit into a long. */
export function parseLimit(text: string | undefined): number | null {
  const value = Number.parseInt(text ?? "", 10);
  return Number.isNaN(value) || value < 0 || value >= 2 ** 62 ? null : value;
}

/** What the kernel counted in one group, whichever version its directories are of. */
export interface GroupCounters {
  readonly cpuUsec: number;
  /** Processes that were killed for want of memory, whoever's limit it was. */
  readonly oomKills: number;
  /** Whether this group's own memory limit was reached, not that of a group around it. */
  readonly hasReachedMemoryLimit: boolean;
  readonly memoryPeak: number | null;
  readonly memoryLimit: number | null;
  readonly tasksRefused: number;
  readonly tasksLimit: number | null;
}

/** With v1 not all kernels count how often a limit was met, but all know how much there ever was. They charge so much at once. */
const chargedAtOnceBytes = 256 * kibibyte;

/** Reads a group's counters; `undefined` when it does not exist. */
export function readCounters(directories: readonly string[]): GroupCounters | undefined {
  if (readFirst(directories, "cgroup.procs") === undefined) return undefined;
  const read = (name: string) => readFirst(directories, name);
  const memoryEvents = read("memory.events");
  const memoryPeak = parseLimit(read("memory.peak") ?? read("memory.max_usage_in_bytes"));
  const memoryLimit = parseLimit(read("memory.max") ?? read("memory.limit_in_bytes"));
  const nanoseconds = parseLimit(read("cpuacct.usage"));
  return {
    cpuUsec: nanoseconds === null ? (counter(read("cpu.stat"), "usage_usec") ?? 0) : Math.round(nanoseconds / 1000),
    oomKills: counter(memoryEvents ?? read("memory.oom_control"), "oom_kill") ?? 0,
    hasReachedMemoryLimit: memoryEvents
      ? (counter(memoryEvents, "oom") ?? 0) > 0
      : memoryPeak !== null && memoryLimit !== null && memoryPeak > memoryLimit - chargedAtOnceBytes,
    memoryPeak,
    memoryLimit,
    tasksRefused: counter(read("pids.events"), "max") ?? 0,
    tasksLimit: parseLimit(read("pids.max")),
  };
}
