import { dayMs } from "@quarterdeck/core/units";
import { useEffect, useRef, useSyncExternalStore } from "react";
import uPlot from "uplot";
import { themeStore } from "../../app/theme.ts";
import { useFormat } from "../../i18n/use-format.ts";
import { timeRange } from "./chart-scale.ts";
import { markHoles } from "./hole-marks.ts";
import type { Hole } from "./holes.ts";

export interface Series {
  readonly label: string;
  /** The name of a CSS variable. */
  readonly color: string;
  readonly values: readonly (number | null)[];
}

export interface LiveChartProps {
  readonly label: string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  /** The top of the scale. */
  readonly max: number;
  readonly spanMs: number;
  /** Where readings are missing. */
  readonly holes: readonly Hole[];
}

const height = 132;

/** Lines over the last minutes or hours, broken where readings are missing. The canvas is redrawn, React only passes the numbers on. */
export function LiveChart({ label, times, series, format, max, spanMs, holes }: LiveChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const { clock, day } = useFormat();
  const latest = useRef({ format, max, clock, day, spanMs, holes });
  latest.current = { format, max, clock, day, spanMs, holes };
  const isDark = useSyncExternalStore(themeStore.subscribe, themeStore.isDark);
  const shape = series.map(({ label: name, color }) => `${name}:${color}`).join("|");

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const styles = getComputedStyle(document.documentElement);
    const color = (name: string) => styles.getPropertyValue(name).trim();
    const axis = {
      stroke: color("--muted"),
      grid: { stroke: color("--chart-grid"), width: 1 },
      ticks: { show: false },
      font: "11px ui-sans-serif, system-ui, sans-serif",
    };
    const created = new uPlot(
      {
        width: Math.max(element.clientWidth, 120),
        height,
        padding: [8, 26, 0, 0], // Half of a time fits beside the end of its axis.,
        legend: { show: false },
        cursor: { y: false, points: { size: 6 } },
        scales: {
          x: { time: true, range: (_plot, first, last) => timeRange(first, last, latest.current.spanMs / 1000) },
          y: { range: () => [0, latest.current.max] },
        },
        axes: [
          {
            ...axis,
            space: 70,
            size: 26,
            values: (_plot, ticks, _axis, _space, stepSeconds) =>
              ticks.map((tick) =>
                latest.current.spanMs > 2 * dayMs
                  ? latest.current.day(tick * 1000)
                  : latest.current.clock(tick * 1000, stepSeconds < 60),
              ),
          },
          {
            ...axis,
            size: 62,
            splits: (_plot, _axis, min, top) => [min, (min + top) / 2, top],
            values: (_plot, ticks) => ticks.map((tick) => latest.current.format(tick)),
          },
        ],
        series: [
          {},
          ...series.map(({ label: name, color: variable }) => ({
            label: name,
            stroke: color(variable),
            fill: `color-mix(in srgb, ${color(variable)} 12%, transparent)`,
            width: 1.5,
            points: { show: false },
            spanGaps: false,
          })),
        ],
        plugins: [
          markHoles(
            () => latest.current.holes,
            () => color("--chart-hole"),
          ),
        ],
      },
      [[], ...series.map(() => [])],
      element,
    );
    plot.current = created;
    const observer = new ResizeObserver(() => created.setSize({ width: Math.max(element.clientWidth, 120), height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      created.destroy();
      plot.current = null;
    };
    // New values are set below, without making the plot anew
  }, [shape, isDark]);

  useEffect(() => {
    plot.current?.setData([[...times], ...series.map(({ values }) => [...values])]);
  }, [times, series, isDark, spanMs]);

  return <div ref={box} role="img" aria-label={label} className="min-w-0 overflow-hidden" style={{ height }} />;
}
