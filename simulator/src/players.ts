import { spawn } from "node:child_process";
import { availableParallelism, constants, setPriority } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { PlayerLine } from "./player.ts";

export interface Played {
  readonly scenarios: number;
  readonly events: number;
  readonly failures: readonly Extract<PlayerLine, { kind: "failed" }>[];
}

interface Series {
  readonly first: number;
  readonly count: number;
  /** The wrong version to play with. */
  readonly wrong?: string;
  readonly onFailure?: (failure: Played["failures"][number]) => void;
}

/** Plays seeds in as many processes as there are processors. */
export async function playSeeds(series: Series): Promise<Played> {
  const processes = series.wrong === undefined ? Math.min(availableParallelism(), series.count) : 1;
  const parts = await Promise.all(
    Array.from({ length: processes }, (_, index) => playPart(series, { index, processes })),
  );
  return {
    scenarios: parts.reduce((sum, part) => sum + part.scenarios, 0),
    events: parts.reduce((sum, part) => sum + part.events, 0),
    failures: parts.flatMap((part) => part.failures),
  };
}

/**
 * Two players keep two processors busy, so threads beside them that collect garbage only get in the way; most of what a
 * scenario makes is garbage soon, and young garbage is cheap where there is room for it.
 */
const memoryOptions = ["--single-threaded-gc", "--max-semi-space-size=32"];

async function playPart(
  { first, count, wrong = "", onFailure }: Series,
  { index, processes }: { index: number; processes: number },
): Promise<Played> {
  const own = Math.ceil((count - index) / processes);
  const args = [join(import.meta.dirname, "player.ts"), first + index, own, processes, wrong].map(String);
  const child = spawn(process.execPath, [...memoryOptions, "--disable-warning=ExperimentalWarning", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  // For minutes it takes all that it gets: whatever else goes on comes first.
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  const failures: Played["failures"][number][] = [];
  let done: Extract<PlayerLine, { kind: "done" }> | undefined;
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint = (complaint + text).slice(-4000)));
  const ended = new Promise((resolve) => child.once("close", resolve));
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as PlayerLine;
    if (line.kind === "done") done = line;
    else {
      failures.push(line);
      onFailure?.(line);
    }
  }
  await ended;
  if (!done) throw new Error(`a player ended before its last scenario:\n${complaint}`);
  return { scenarios: done.scenarios, events: done.events, failures };
}
