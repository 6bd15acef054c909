import { readFileSync, statfsSync } from "node:fs";
import { coreMillicores } from "@quarterdeck/core/units";
import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import { PressureReader } from "./pressure.ts";

export interface CpuTimes {
  readonly busy: number;
  readonly total: number;
  readonly cores: number;
}

/** Reads the first line of /proc/stat. Time that a guest used is counted in user time already. */
export function parseCpuTimes(text: string): CpuTimes {
  const lines = text.split("\n");
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softIrq = 0, steal = 0] = (lines[0] ?? "")
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const busy = user + nice + system + irq + softIrq + steal;
  return { busy, total: busy + idle + wait, cores: lines.filter((line) => /^cpu\d/.test(line)).length };
}

export function parseMemory(text: string): { totalBytes: number; availableBytes: number } {
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0);
  return { totalBytes: kibibytes("MemTotal") * 1024, availableBytes: kibibytes("MemAvailable") * 1024 };
}

export function parseNetwork(text: string): { receivedBytes: number; sentBytes: number } {
  let receivedBytes = 0;
  let sentBytes = 0;
  for (const line of text.split("\n").slice(2)) {
    const [name, counters] = line.split(":");
    if (counters === undefined || name?.trim() === "lo") continue;
    const fields = counters.trim().split(/\s+/).map(Number);
    receivedBytes += fields[0] ?? 0;
    sentBytes += fields[8] ?? 0;
  }
  return { receivedBytes, sentBytes };
}

/** Reads the machine's figures from the kernel; cpu is what was used since the reading before. */
export class SampleReader {
  readonly #dataPath: string;
  readonly #pressure = new PressureReader();
  #before: CpuTimes = parseCpuTimes(readFileSync("/proc/stat", "utf8"));

  constructor(dataPath: string) {
    this.#dataPath = dataPath;
  }

  read(nowMs: number, runs: number): Sample {
    const now = parseCpuTimes(readFileSync("/proc/stat", "utf8"));
    const ticks = now.total - this.#before.total;
    const share = ticks <= 0 ? 0 : Math.min(1, Math.max(0, (now.busy - this.#before.busy) / ticks));
    this.#before = now;
    const memory = parseMemory(readFileSync("/proc/meminfo", "utf8"));
    const network = parseNetwork(readFileSync("/proc/net/dev", "utf8"));
    const disk = statfsSync(this.#dataPath);
    const pressure = this.#pressure.read();
    return {
      atMs: nowMs,
      cpu: Math.round(share * now.cores * coreMillicores),
      cpuCapacity: now.cores * coreMillicores,
      memoryUsed: Math.max(0, memory.totalBytes - memory.availableBytes),
      memoryTotal: memory.totalBytes,
      diskUsed: (disk.blocks - disk.bfree) * disk.bsize,
      diskTotal: disk.blocks * disk.bsize,
      networkReceived: network.receivedBytes,
      networkSent: network.sentBytes,
      load1: Number(readFileSync("/proc/loadavg", "utf8").split(" ")[0] ?? 0),
      runs,
      ...(pressure && { pressure }),
    };
  }
}
