import { hourMs, minuteMs, secondMs } from "@quarterdeck/core/units";

const byteUnits = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"] as const;
const bytesPerUnit = 1024;

/** A number in the language's own digits and separators. */
export function formatNumber(language: string, value: number, options: Intl.NumberFormatOptions = {}): string {
  return new Intl.NumberFormat(language, options).format(value);
}

/** The largest unit of which an amount is at least one, as an index. */
function byteUnitOf(bytes: number): number {
  let value = Math.max(0, bytes);
  let unit = 0;
  // 1023.5 of a unit would be written as 1,024 of it.
  while (value >= bytesPerUnit - 0.5 && unit < byteUnits.length - 1) {
    value /= bytesPerUnit;
    unit += 1;
  }
  return unit;
}

/** An amount of bytes in the largest unit that leaves at least one, three digits at most: "64 kB", "1.5 MB". */
export function formatBytes(language: string, bytes: number): string {
  const unit = byteUnitOf(bytes);
  const value = Math.max(0, bytes) / bytesPerUnit ** unit;
  return formatNumber(language, value, {
    style: "unit",
    unit: byteUnits[unit] ?? "byte",
    unitDisplay: unit === 0 ? "long" : "short",
    maximumFractionDigits: unit === 0 || value >= 100 ? 0 : 1,
  });
}

export function formatPercent(language: string, share: number): string {
  return formatNumber(language, share, { style: "percent", maximumFractionDigits: 0 });
}

/** How long something took: "0.4 s", "12.3 s", "4 min 5 s", "2 h 3 min". */
export function formatDuration(language: string, durationMs: number): string {
  const ms = Math.max(0, durationMs);
  const part = (unit: string, value: number, fractionDigits = 0) =>
    formatNumber(language, value, {
      style: "unit",
      unit,
      unitDisplay: "short",
      minimumFractionDigits: fractionDigits,
      maximumFractionDigits: fractionDigits,
    });
  // Rounded first, so that 59.96 s is written as a minute.
  const tenths = Math.round(ms / 100);
  if (tenths < minuteMs / 100) return part("second", tenths / 10, 1);
  const seconds = Math.round(ms / secondMs);
  if (seconds < hourMs / secondMs) return `${part("minute", Math.floor(seconds / 60))} ${part("second", seconds % 60)}`;
  const minutes = Math.round(ms / minuteMs);
  return `${part("hour", Math.floor(minutes / 60))} ${part("minute", minutes % 60)}`;
}

/** Elapsed time that ticks: whole seconds only. */
export function formatElapsed(language: string, elapsedMs: number): string {
  const seconds = Math.floor(Math.max(0, elapsedMs) / secondMs);
  if (seconds < 60) return formatNumber(language, seconds, { style: "unit", unit: "second", unitDisplay: "short" });
  return formatDuration(language, seconds * secondMs);
}

/** What is left of a countdown: "14:59". */
export function formatCountdown(language: string, leftMs: number): string {
  const seconds = Math.ceil(Math.max(0, leftMs) / secondMs);
  const two = (value: number) => formatNumber(language, value, { minimumIntegerDigits: 2 });
  return `${formatNumber(language, Math.floor(seconds / 60))}:${two(seconds % 60)}`;
}

export function formatDateTime(language: string, atMs: number): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" }).format(atMs);
}

const longAgoMs = 30 * 24 * hourMs;

const spanSteps = [
  { unit: "second", ms: secondMs, below: minuteMs },
  { unit: "minute", ms: minuteMs, below: hourMs },
  { unit: "hour", ms: hourMs, below: 24 * hourMs },
  { unit: "day", ms: 24 * hourMs, below: Number.POSITIVE_INFINITY },
] as const;

/** How long ago something was: "5 minutes ago", "yesterday", then the date. Null: it was just now. */
export function formatAgo(language: string, atMs: number, nowMs: number): string | null {
  const agoMs = Math.max(0, nowMs - atMs);
  if (agoMs < minuteMs) return null; // Seconds would be wrong again with each second.
  const step = spanSteps.find(({ below }) => agoMs < below);
  if (step === undefined || agoMs >= longAgoMs)
    return new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(atMs);
  return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-Math.floor(agoMs / step.ms), step.unit);
}

/** For how long something has been so, in its largest unit: "20 seconds", "3 hours", "12 days". */
export function formatSpan(language: string, spanMs: number): string {
  const ms = Math.max(0, spanMs);
  const { unit, ms: unitMs } = spanSteps.find(({ below }) => ms < below) ?? spanSteps[3];
  return formatNumber(language, Math.floor(ms / unitMs), { style: "unit", unit, unitDisplay: "long" });
}

/** A clock time for an axis, always of the same width. */
export function formatClock(language: string, atMs: number, hasSeconds: boolean): string {
  return new Intl.DateTimeFormat(language, {
    hour: "2-digit",
    minute: "2-digit",
    ...(hasSeconds ? { second: "2-digit" } : {}),
    hourCycle: "h23",
  }).format(atMs);
}

/** Bytes per second, from kilobytes up: single bytes a second are noise. */
export function formatRate(language: string, bytesPerSecond: number): string {
  const unit = Math.max(1, byteUnitOf(bytesPerSecond));
  const value = Math.max(0, bytesPerSecond) / bytesPerUnit ** unit;
  return formatNumber(language, value, {
    style: "unit",
    unit: `${byteUnits[unit] ?? "byte"}-per-second`,
    unitDisplay: "short",
    maximumFractionDigits: value >= 100 ? 0 : 1,
  });
}

/** A day of a chart's axis: "22 Nov". */
export function formatDay(language: string, atMs: number): string {
  return new Intl.DateTimeFormat(language, { day: "numeric", month: "short" }).format(atMs);
}
