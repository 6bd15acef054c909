import { limits } from "@quarterdeck/core/protocol/limits";
import type { Sample, TelemetryGap } from "@quarterdeck/core/protocol/telemetry";

/** Readings, and times whose readings are lost. */
export interface Readings {
  readonly samples: readonly Sample[];
  readonly gaps: readonly TelemetryGap[];
}

/** Readings of one stretch of time, which the storage keeps in one row. */
export interface HistorySlot extends Readings {
  /** When it begins: a multiple of `limits.historySlotMs`. */
  readonly startMs: number;
}

export const noReadings: Readings = { samples: [], gaps: [] };
/** The slots that are kept; a newer one takes the place of the one a history length before. */
export const historySlots = limits.telemetryHistoryMs / limits.historySlotMs;
/** Four times what a bridge that reads every 30 s sends: one that sends more does not fill the storage. */
const samplesPerSlot = (4 * limits.historySlotMs) / limits.sampleUnwatchedMs;
const gapsPerSlot = 16;

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
export function toSlots(readings: Readings, nowMs: number): HistorySlot[] {
  const slots = new Map<number, { samples: Sample[]; gaps: TelemetryGap[] }>();
  const slotAt = (atMs: number) => {
    if (atMs < nowMs - limits.telemetryHistoryMs || atMs > nowMs + limits.clockSkewMs) return undefined;
    const startMs = slotStartMs(atMs);
    const slot = slots.get(startMs) ?? { samples: [], gaps: [] };
    slots.set(startMs, slot);
    return slot;
  };
  for (const sample of readings.samples) slotAt(sample.atMs)?.samples.push(sample);
  for (const gap of readings.gaps) slotAt(gap.toMs)?.gaps.push(gap);
  return [...slots].map(([startMs, slot]) => ({ startMs, ...slot }));
}

/** Adds readings to those of the same slot: each moment and each gap once, in order, the newest if there are too many. */
export function mergeReadings(known: Readings, added: Readings): Readings {
  const samples = new Map([...known.samples, ...added.samples].map((sample) => [sample.atMs, sample]));
  const gaps = new Map([...known.gaps, ...added.gaps].map((gap) => [`${gap.fromMs} ${gap.toMs}`, gap]));
  return {
    samples: [...samples.values()].toSorted((a, b) => a.atMs - b.atMs).slice(-samplesPerSlot),
    gaps: [...gaps.values()].toSorted((a, b) => a.toMs - b.toMs).slice(-gapsPerSlot),
  };
}

/** Splits a history into pieces that each fit a frame, oldest first. */
export function* inFrames(history: Readings): Generator<{ samples: Sample[]; gaps: TelemetryGap[] }> {
  const { historySamplesPerFrame: most, historyGapsPerFrame: mostGaps } = limits;
  const frames = Math.max(Math.ceil(history.samples.length / most), Math.ceil(history.gaps.length / mostGaps));
  for (let i = 0; i < frames; i++) {
    yield {
      samples: history.samples.slice(i * most, (i + 1) * most),
      gaps: history.gaps.slice(i * mostGaps, (i + 1) * mostGaps),
    };
  }
}
