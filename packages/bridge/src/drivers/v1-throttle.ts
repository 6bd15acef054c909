import { dirname, join } from "node:path";
import { readGroupFile, withDescendants, writeGroupFile } from "./group-files.ts";
import type { LimitReading } from "./hierarchy.ts";
import { isLimitAsWanted } from "./judge-limit.ts";

/** Why a limit of cgroup v1 is none for a workspace or project, though it was set and read back. */
export const v1ThrottleCaveat =
  "cgroup v1 (blkio.throttle) holds each run to it alone, not all together, and no writes through the page cache";

const files = ["blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device"] as const;

interface ThrottleReading extends Pick<LimitReading, "actual" | "isAsWanted" | "source"> {
  /** The smallest limit of the group and of those around it. */
  readonly holds: number | null;
}

/**
 * Limits of a disk with cgroup v1. There a group's limit says nothing about the groups inside it, so each gets the smallest of its
 * own and of those around it.
 */
export class V1Throttle {
  readonly #base: string;
  readonly #device: string;
  readonly #wanted = new Map<string, number | null>();

  /** @param device `major:minor` */
  constructor(base: string, device: string) {
    this.#base = base;
    this.#device = device;
  }

  /** Sets the limit of a group and of those inside it, and reads its own back. Of a run, which has none, what is around it holds. */
  limit(directory: string, wanted: number | null): ThrottleReading {
    this.#wanted.set(directory, wanted);
    for (const each of withDescendants(directory)) this.#write(each, this.#holds(each));
    const holds = this.#holds(directory);
    const actual = this.#read(directory);
    const isAsWanted = isLimitAsWanted(holds, actual, { below: 1 });
    return { holds, actual, isAsWanted, source: join(directory, files[1]) };
  }

  /** The group is gone. */
  forget(directory: string): void {
    for (const each of this.#wanted.keys())
      if (each === directory || each.startsWith(`${directory}/`)) this.#wanted.delete(each);
  }

  #holds(directory: string): number | null {
    let least: number | null = null;
    for (let each = directory; each.startsWith(`${this.#base}/`); each = dirname(each)) {
      const wanted = this.#wanted.get(each) ?? null;
      if (wanted !== null) least = Math.min(least ?? wanted, wanted);
    }
    return least;
  }

  #write(directory: string, amount: number | null): void {
    // Zero takes a limit away: next to nothing is as near to nothing as the kernel comes.
    const text = amount === null ? "0" : String(Math.max(1, amount));
    for (const name of files) writeGroupFile(join(directory, name), `${this.#device} ${text}`);
  }

  #read(directory: string): number | null {
    const amounts = files.map((name) => {
      const lines = (readGroupFile(directory, name) ?? "").split("\n");
      return lines.find((line) => line.startsWith(`${this.#device} `))?.split(" ")[1];
    });
    return amounts.includes(undefined) ? null : Math.max(...amounts.map(Number));
  }
}
