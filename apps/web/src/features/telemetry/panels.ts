import { coreMillicores, kibibyte } from "@quarterdeck/core/units";
import type { TFunction } from "i18next";
import type { useFormat } from "../../i18n/use-format.ts";
import { roundTop } from "./chart-scale.ts";
import type { Series } from "./LiveChart.tsx";
import type { Column, UseColumns } from "./use-columns.ts";

/** What a machine has; null for a workspace or a project, which has no size of its own. */
export interface Capacity {
  readonly cpu: number;
  readonly memory: number;
  readonly disk: number;
}

/** One chart: its lines, its scale, and how a number of it is written. */
export interface Panel {
  readonly name: "cpu" | "memory" | "disk" | "network" | "load" | "pressure";
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  readonly max: number;
}

function mostOf(...columns: Column[]): number {
  return columns.flat().reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
}

function isKnown(...columns: Column[]): boolean {
  return columns.some((column) => column.some((value) => value !== null));
}

function partOf(used: number | null, total: number): number | null {
  return used === null || total === 0 ? null : used / total;
}

/** The top of a scale of small numbers: 1, 2 or 5 times a power of ten. */
export function niceTop(value: number, least: number): number {
  let unit = least;
  while (value > unit * 10) unit *= 10;
  return [1, 2, 5, 10].map((step) => step * unit).find((top) => value <= top) ?? value;
}

/** The charts of what is known; what nobody measured has none. */
export function panelsOf(
  columns: UseColumns,
  capacity: Capacity | null,
  { t, format }: { readonly t: TFunction; readonly format: ReturnType<typeof useFormat> },
): Panel[] {
  const { memory, disk, load, received, sent, pressureCpu, pressureMemory, pressureIo } = columns;
  const cpu = capacity ? columns.cpu.map((used) => partOf(used, capacity.cpu)) : columns.cpu;
  const cores = (millicores: number) => format.number(millicores / coreMillicores, { maximumFractionDigits: 2 });
  const coresText = (millicores: number) => t("telemetry.cores", { number: cores(millicores) });
  const line = (label: string, color: string, values: Column): Series => ({ label, color, values });
  // The unit of nothing is nobody's question.
  const bytes = (value: number) => (value === 0 ? format.number(0) : format.bytes(value));
  const rate = (value: number) => (value === 0 ? format.number(0) : format.rate(value));
  const panels: (Panel & { isShown: boolean })[] = [
    {
      name: "cpu",
      series: [line(t("telemetry.cpu"), "--accent", cpu)],
      format: capacity ? format.percent : coresText,
      max: capacity ? 1 : niceTop(mostOf(cpu), coreMillicores / 10),
      isShown: isKnown(cpu),
    },
    {
      name: "memory",
      series: [line(t("telemetry.memory"), "--ansi-4", memory)],
      format: bytes,
      max: capacity?.memory ?? roundTop(mostOf(memory), kibibyte),
      isShown: isKnown(memory),
    },
    {
      name: "disk",
      series: [line(t("telemetry.disk"), "--ansi-5", disk)],
      format: bytes,
      max: capacity?.disk ?? roundTop(mostOf(disk), kibibyte),
      isShown: isKnown(disk),
    },
    {
      name: "network",
      series: [line(t("telemetry.received"), "--good", received), line(t("telemetry.sent"), "--warn", sent)],
      format: rate,
      max: roundTop(mostOf(received, sent), kibibyte),
      isShown: isKnown(received, sent),
    },
    {
      name: "load",
      series: [line(t("telemetry.load"), "--ansi-6", load)],
      format: (value) => format.number(value, { maximumFractionDigits: 2 }),
      max: niceTop(mostOf(load), 1),
      isShown: isKnown(load),
    },
    {
      name: "pressure",
      series: [
        line(t("telemetry.pressureOf.cpu"), "--accent", pressureCpu),
        line(t("telemetry.pressureOf.memory"), "--ansi-4", pressureMemory),
        line(t("telemetry.pressureOf.io"), "--ansi-5", pressureIo),
      ],
      format: format.percent,
      max: Math.min(1, niceTop(mostOf(pressureCpu, pressureMemory, pressureIo), 0.1)),
      isShown: isKnown(pressureCpu, pressureMemory, pressureIo),
    },
  ];
  return panels.filter(({ isShown }) => isShown);
}
