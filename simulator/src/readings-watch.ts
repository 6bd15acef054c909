import { decodeReadings } from "@quarterdeck/core/protocol/compact-readings";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { ServerHost } from "./actors/server-host.ts";
import type { Stage } from "./stage.ts";

const lookEveryMs = 1000;
/** In a scenario that lasts longer than a second times this, looks are further apart. */
const mostLooks = 600;
/** Readings further apart than this show a hole in a chart (PROTOCOL 11.7). */
const mostApartMs = 2.5 * limits.sampleUnwatchedMs;

interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What somebody has of a server's past: times of readings, and stretches that are said to be lost. */
interface Past {
  readonly times: ReadonlySet<number>;
  readonly gaps: readonly Stretch[];
}

/**
 * Watches that no reading is lost in silence: what a bridge once had on its disk comes to the relay, and to whoever watches,
 * or lies in a gap that they are told of.
 */
export class ReadingsWatch {
  readonly #stage: Stage;
  /** Of each server, when a reading was seen on its disk first: by the reading's time. */
  readonly #seen: readonly Map<number, number>[];
  /** How much lay there at the last look: mostly nothing is new. */
  readonly #spoolBytes: number[] = [];

  static begin(stage: Stage): ReadingsWatch {
    const watch = new ReadingsWatch(stage);
    watch.#later();
    return watch;
  }

  private constructor(stage: Stage) {
    this.#stage = stage;
    this.#seen = stage.hosts.map(() => new Map());
  }

  /** What is missing somewhere of what was read before a time by the world's clock; nothing when all is well. */
  missing(beforeMs: number): string[] {
    return this.#stage.hosts.flatMap((host, index) => {
      if (this.#hasWrongClock(index)) return [];
      const due = this.#due(index, beforeMs);
      const stored = this.#storedOf(index);
      return [
        ...lacking(due, stored).map((atMs) => `the relay has no reading of ${host.machine.name} at ${atMs}`),
        ...this.#unread(index, due),
        ...this.#holes(index, stored),
      ];
    });
  }

  #later(): void {
    const { world, scenario } = this.#stage;
    world.timeline.after(Math.max(lookEveryMs, scenario.healAtMs / mostLooks), () => {
      for (const [index, host] of this.#stage.hosts.entries()) this.#look(index, host);
      this.#later();
    });
  }

  #look(index: number, host: ServerHost): void {
    const bytes = host.spoolBytes;
    if (bytes === this.#spoolBytes[index]) return;
    this.#spoolBytes[index] = bytes;
    const seen = this.#seen[index];
    for (const atMs of spooled(host).times) if (!seen?.has(atMs)) seen?.set(atMs, this.#stage.world.timeline.nowMs);
  }

  /** Times by a clock that jumped are another's, and the relay keeps none from far ahead. */
  #hasWrongClock(index: number): boolean {
    const { scenario, hosts } = this.#stage;
    return scenario.faults.some(
      (fault) =>
        fault.kind === "clock" && fault.who !== "api" && (fault.who === "relay" || fault.who % hosts.length === index),
    );
  }

  /** A power loss may take what was on the disk and not synchronized; what is older than the ring is nobody's any more. */
  #due(index: number, beforeMs: number): number[] {
    const { world, hosts } = this.#stage;
    const lostPowerAtMs = hosts[index]?.machine.lostPowerAtMs ?? 0;
    const oldestMs = world.wallMs - limits.telemetryHistoryMs + limits.historySlotMs;
    return [...(this.#seen[index] ?? [])]
      .filter(([atMs, seenAtMs]) => atMs > oldestMs && atMs < beforeMs && seenAtMs > lostPowerAtMs)
      .map(([atMs]) => atMs);
  }

  #storedOf(index: number): Past {
    const { relay, serverIds } = this.#stage;
    const object = [...relay.objects].find(([name]) => name === serverIds[index])?.[1];
    const rows = object?.storage.rows("SELECT body FROM telemetry_history") ?? [];
    const bodies = rows.map((row) => JSON.parse(String(row["body"])) as { readings: never; gaps: Stretch[] });
    return {
      times: new Set(bodies.flatMap(({ readings }) => decodeReadings(readings).map(({ atMs }) => atMs))),
      gaps: bodies.flatMap(({ gaps }) => gaps),
    };
  }

  #unread(index: number, due: readonly number[]): string[] {
    const { viewers, serverIds } = this.#stage;
    return viewers.flatMap(({ process, readings }) => {
      const seen = readings.get(serverIds[index] as never);
      return seen ? lacking(due, seen).map((atMs) => `${process.name} has not seen the reading at ${atMs}`) : [];
    });
  }

  /** While a bridge ran undisturbed on a disk that took everything, it read its machine all the time. */
  #holes(index: number, stored: Past): string[] {
    const { scenario, hosts, world } = this.#stage;
    const host = hosts[index] as ServerHost;
    const { name } = host.machine;
    const isDisturbed = scenario.faults.some(
      (fault) =>
        (fault.kind === "pause" || fault.kind === "diskFull" || fault.kind === "diskError") &&
        fault.server % hosts.length === index,
    );
    if (isDisturbed || !host.bridge) return [];
    const fromMs = Math.max(world.wallOf(host.startedAtMs), world.wallMs - limits.telemetryHistoryMs / 2);
    const known = [...stored.times, ...spooled(host).times].filter((atMs) => atMs >= fromMs).toSorted((a, b) => a - b);
    const told = [...stored.gaps, ...spooled(host).gaps];
    return [...known, world.wallMs].flatMap((atMs, at) => {
      const beforeMs = known[at - 1] ?? fromMs;
      const isTold = told.some((gap) => gap.fromMs <= atMs && gap.toMs >= beforeMs);
      return atMs - beforeMs > mostApartMs && !isTold ? [`${name} read nothing from ${beforeMs} to ${atMs}`] : [];
    });
  }
}

function lacking(due: readonly number[], { times, gaps }: Past): number[] {
  return due.filter((atMs) => !times.has(atMs) && !gaps.some(({ fromMs, toMs }) => fromMs <= atMs && atMs <= toMs));
}

/** What lies in a server's spool, read as anybody may read it: a line a record, behind its checksum. */
function spooled(host: ServerHost): Past {
  const times = new Set<number>();
  const gaps: Stretch[] = [];
  for (const line of host.spoolLines) {
    try {
      const record = JSON.parse(line.slice(9)) as { sample?: { atMs: number }; gap?: Stretch };
      if (record.sample) times.add(record.sample.atMs);
      if (record.gap) gaps.push(record.gap);
    } catch {
      continue; // Cut off by a full disk or a power loss: never there.
    }
  }
  return { times, gaps };
}
