import type { Pressure } from "@quarterdeck/core/protocol/telemetry";
import type { NodeUsage } from "@quarterdeck/core/protocol/workspace-readings";
import type { TelemetryHistoryView } from "../../api/views.ts";
import type { Hole } from "./holes.ts";
import { ratesBetween, type CountedBytes } from "./network-rates.ts";

/** A value for each time, or null where nothing is known and the line breaks. */
export type Column = readonly (number | null)[];

/** What charts of a server, a workspace or a project draw. Cpu in millicores, pressure as a part of the time. */
export interface UseColumns {
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly cpu: Column;
  readonly memory: Column;
  readonly disk: Column;
  readonly load: Column;
  readonly received: Column;
  readonly sent: Column;
  readonly pressureCpu: Column;
  readonly pressureMemory: Column;
  readonly pressureIo: Column;
}

type Values = Readonly<Record<Exclude<keyof UseColumns, "times">, number | null>>;

/** What was used at a moment. */
export interface UsePoint extends Values {
  readonly atMs: number;
}

const hundredthsOfPercent = 10_000;
const nothing: Values = {
  cpu: null,
  memory: null,
  disk: null,
  load: null,
  received: null,
  sent: null,
  pressureCpu: null,
  pressureMemory: null,
  pressureIo: null,
};

export function pressureParts(pressure: Pressure | null | undefined) {
  const part = (of: number | undefined) => (of === undefined ? null : Math.min(1, of / hundredthsOfPercent));
  return {
    pressureCpu: part(pressure?.cpu),
    pressureMemory: part(pressure?.memory),
    pressureIo: part(pressure?.io),
  };
}

/** @param before what was counted at the reading before; null where there was none */
export function usePointOf(
  atMs: number,
  { cpu, memory, disk, pressure, network }: NodeUsage,
  before: CountedBytes | null,
): UsePoint {
  const rates = ratesBetween(before, network && { ...network, atMs });
  return { ...nothing, atMs, cpu, memory, disk, ...rates, ...pressureParts(pressure) };
}

/** The points that the API keeps. */
export function pointsOfHistory(history: TelemetryHistoryView): UsePoint[] {
  const at = (column: readonly (number | null)[], index: number) => column[index] ?? null;
  return history.atMs.map((atMs, index) => ({
    // In the middle of the time that it sums up.
    atMs: atMs + history.stepMs / 2,
    cpu: at(history.cpu, index),
    memory: at(history.memory, index),
    disk: at(history.disk, index),
    load: at(history.load, index),
    received: at(history.received, index),
    sent: at(history.sent, index),
    ...pressureParts(pressureAt(history, index)),
  }));
}

function pressureAt({ pressureCpu, pressureMemory, pressureIo }: TelemetryHistoryView, index: number): Pressure | null {
  const [cpu, memory, io] = [pressureCpu[index] ?? null, pressureMemory[index] ?? null, pressureIo[index] ?? null];
  return cpu === null || memory === null || io === null ? null : { cpu, memory, io };
}

/** The newer points behind the older ones, where these end. */
export function joinPoints(older: readonly UsePoint[], newer: readonly UsePoint[]): readonly UsePoint[] {
  const endMs = older.at(-1)?.atMs;
  return endMs === undefined ? newer : [...older, ...newer.filter(({ atMs }) => atMs > endMs)];
}

/** Where points are further apart than they come. What is missing is nowhere drawn as zero. */
export function holesBetween(points: readonly UsePoint[], longestMs: number): Hole[] {
  return points.flatMap(({ atMs: toMs }, index) => {
    const fromMs = points[index - 1]?.atMs ?? toMs;
    return toMs - fromMs > longestMs ? [{ fromMs, toMs, reason: null }] : [];
  });
}

/** Puts points into columns, with an empty moment in each hole. */
export function columnsOf(points: readonly UsePoint[], holes: readonly Hole[]): UseColumns {
  const empty = holes.map(({ fromMs, toMs }): UsePoint => ({ ...nothing, atMs: (fromMs + toMs) / 2 }));
  const all = [...points, ...empty].toSorted((a, b) => a.atMs - b.atMs);
  const column = (name: keyof Values): Column => all.map((point) => point[name]);
  return {
    times: all.map(({ atMs }) => atMs / 1000),
    cpu: column("cpu"),
    memory: column("memory"),
    disk: column("disk"),
    load: column("load"),
    received: column("received"),
    sent: column("sent"),
    pressureCpu: column("pressureCpu"),
    pressureMemory: column("pressureMemory"),
    pressureIo: column("pressureIo"),
  };
}
