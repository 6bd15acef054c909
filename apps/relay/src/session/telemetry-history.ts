import { limits } from "@quarterdeck/core/protocol/limits";
import {
  decodeReadings,
  encodeReadings,
  isOfWorkspace,
  splitReadings,
  type CompactReadings,
  type ReadingGroup,
} from "@quarterdeck/core/protocol/compact-readings";
import type { Sample, TelemetryGap } from "@quarterdeck/core/protocol/telemetry";
import {
  decodeWorkspaces,
  encodeWorkspaces,
  type WorkspaceGroup,
  type WorkspaceReading,
} from "@quarterdeck/core/protocol/workspace-readings";

/** Readings as they travel, and times whose readings are lost. */
export interface History {
  readonly readings: CompactReadings;
  readonly gaps: readonly TelemetryGap[];
}

/** Readings of one stretch of time, which the storage keeps in one row. */
export interface HistorySlot extends History {
  /** When it begins: a multiple of `limits.historySlotMs`. */
  readonly startMs: number;
}

export const noHistory: History = { readings: [], gaps: [] };
/** The slots that are kept; a newer one takes the place of the one a history length before. */
export const historySlots = limits.telemetryHistoryMs / limits.historySlotMs;
/** Four times what a bridge that reads every 30 s sends: one that sends more does not fill the storage. */
const samplesPerSlot = (4 * limits.historySlotMs) / limits.sampleUnwatchedMs;
const gapsPerSlot = 16;
/** The most numbers of workspaces in a slot, and in a frame to a viewer: a few hundred kilobytes. */
const numbersPerSlot = 60_000;
const numbersPerFrame = 12_000;

/** Where a slot is kept. */
export function slotPlace(startMs: number): number {
  const index = Math.floor(startMs / limits.historySlotMs) % historySlots;
  return index < 0 ? index + historySlots : index;
}

/** When the slot of a moment begins. */
export function slotStartMs(atMs: number): number {
  return Math.floor(atMs / limits.historySlotMs) * limits.historySlotMs;
}

/** Sorts what came into slots. What is older than the history, or further ahead than clocks may differ, is left out. */
export function toSlots({ readings, gaps }: History, nowMs: number): HistorySlot[] {
  const slots = new Map<number, { samples: Sample[]; workspaces: WorkspaceReading[]; gaps: TelemetryGap[] }>();
  const slotAt = (atMs: number) => {
    if (atMs < nowMs - limits.telemetryHistoryMs || atMs > nowMs + limits.clockSkewMs) return undefined;
    const startMs = slotStartMs(atMs);
    const slot = slots.get(startMs) ?? { samples: [], workspaces: [], gaps: [] };
    slots.set(startMs, slot);
    return slot;
  };
  for (const sample of decodeReadings(readings)) slotAt(sample.atMs)?.samples.push(sample);
  for (const reading of decodeWorkspaces(splitReadings(readings).workspaces))
    slotAt(reading.atMs)?.workspaces.push(reading);
  for (const gap of gaps) slotAt(gap.toMs)?.gaps.push(gap);
  return [...slots].map(([startMs, { samples, workspaces, gaps: lost }]) => ({
    startMs,
    readings: [...encodeReadings(samples), ...encodeWorkspaces(workspaces)],
    gaps: lost,
  }));
}

/** Adds readings to those of the same slot: each moment and each gap once, in order, the newest if there are too many. */
export function mergeHistory(known: History, added: History): History {
  const both = [...known.readings, ...added.readings];
  const samples = new Map(decodeReadings(both).map((sample) => [sample.atMs, sample]));
  const gaps = new Map([...known.gaps, ...added.gaps].map((gap) => [`${gap.fromMs} ${gap.toMs}`, gap]));
  return {
    readings: [
      ...encodeReadings(inOrder([...samples.values()]).slice(-samplesPerSlot)),
      ...mergeWorkspaces(splitReadings(both).workspaces),
    ],
    gaps: [...gaps.values()].toSorted((a, b) => a.toMs - b.toMs).slice(-gapsPerSlot),
  };
}

function inOrder<R extends { readonly atMs: number }>(readings: readonly R[]): R[] {
  return readings.toSorted((a, b) => a.atMs - b.atMs);
}

function mergeWorkspaces(groups: readonly WorkspaceGroup[]): WorkspaceGroup[] {
  const readings = new Map(decodeWorkspaces(groups).map((one) => [`${one.workspaceId} ${one.atMs}`, one]));
  let room = numbersPerSlot;
  return encodeWorkspaces(inOrder([...readings.values()])).filter((group) => (room -= numbersIn(group)) >= 0);
}

function numbersIn({ rows }: ReadingGroup): number {
  return rows.length * (rows[0]?.length ?? 0);
}

/** Splits a history into pieces that each fit a frame, oldest first. Groups stay as they are. */
export function* inFrames({ readings, gaps }: History): Generator<{ readings: ReadingGroup[]; gaps: TelemetryGap[] }> {
  const groups = packed(readings);
  const { historyGapsPerFrame: mostGaps } = limits;
  const frames = Math.max(groups.length, Math.ceil(gaps.length / mostGaps));
  for (let i = 0; i < frames; i++) {
    yield { readings: groups[i] ?? [], gaps: gaps.slice(i * mostGaps, (i + 1) * mostGaps) };
  }
}

function packed(readings: CompactReadings): ReadingGroup[][] {
  const frames: ReadingGroup[][] = [];
  let rows = 0;
  let numbers = 0;
  for (const group of readings) {
    const frame = frames.at(-1);
    const ownRows = isOfWorkspace(group) ? 0 : group.rows.length;
    if (frame && ownRows <= rows && numbersIn(group) <= numbers) frame.push(group);
    else {
      frames.push([group]);
      rows = limits.historySamplesPerFrame;
      numbers = numbersPerFrame;
    }
    rows -= ownRows;
    numbers -= numbersIn(group);
  }
  return frames;
}
