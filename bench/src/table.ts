import type { Row } from "./row.ts";

const headings = ["what", "ours", "peer", "unit", "ratio", "bar", "met"];

/** The rows as a table for a terminal. */
export function table(rows: readonly Row[]): string {
  const lines = [headings, ...rows.map(cells)];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** The closing line: how many bars were met. */
export function barsLine(rows: readonly Row[]): string {
  return `bars: met ${rows.filter((row) => row.met).length} of ${rows.length}`;
}

/** An area without rows has proved nothing. */
export function areAllMet(rows: readonly Row[]): boolean {
  return rows.length > 0 && rows.every((row) => row.met);
}

function cells(row: Row): string[] {
  return [
    row.what,
    figure(row.ours),
    `${figure(row.peer)} (${row.peerName})`,
    row.unit,
    `${figure(row.ratio)} ×`,
    `${row.direction} ${figure(row.bar)} ×`,
    row.met ? "yes" : "NO",
  ];
}

/** Three significant digits, thousands grouped. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const rounded = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return rounded.toLocaleString("en-US", { maximumFractionDigits: 12 });
}
