import { hourMs, minuteMs, secondMs } from "@quarterdeck/core/units";

const byteUnits = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"] as const;
const bytesPerUnit = 1024;

/** A number in the language's own digits and separators. */
export function formatNumber(language: string, value: number, options: Intl.NumberFormatOptions = {}): string {
  return new Intl.NumberFormat(language, options).format(value);
}

/** An amount of bytes in the largest unit that leaves at least one, three digits at most: "64 kB", "1.5 MB". */
export function formatBytes(language: string, bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  // 1023.5 of a unit would be written as 1,024 of it.
  while (value >= bytesPerUnit - 0.5 && unit < byteUnits.length - 1) {
    value /= bytesPerUnit;
    unit += 1;
  }
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

const relativeSteps = [
  { unit: "second", ms: secondMs, below: minuteMs },
  { unit: "minute", ms: minuteMs, below: hourMs },
  { unit: "hour", ms: hourMs, below: 24 * hourMs },
  { unit: "day", ms: 24 * hourMs, below: 30 * 24 * hourMs },
] as const;

/** How long ago something was: "now", "5 minutes ago", then the date. */
export function formatAgo(language: string, atMs: number, nowMs: number): string {
  const agoMs = Math.max(0, nowMs - atMs);
  const step = relativeSteps.find(({ below }) => agoMs < below);
  if (step === undefined) return new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(atMs);
  const amount = agoMs < 10 * secondMs ? 0 : Math.floor(agoMs / step.ms);
  return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-amount, step.unit);
}
