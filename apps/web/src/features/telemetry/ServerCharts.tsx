import { useMemo } from "react";
import { capacityOf, chartData } from "./chart-data.ts";
import { findHoles, holesSince } from "./holes.ts";
import type { Readings } from "./sample-history.ts";
import { spanMs, type Span } from "./span.ts";
import { UseCharts } from "./UseCharts.tsx";

/** What a server used in the last minutes or hours, from what the relay keeps of a day. */
export function ServerCharts({ readings, span }: { readonly readings: Readings; readonly span: Span }) {
  const { samples } = readings;
  const shownMs = spanMs[span];
  const { columns, holes } = useMemo(() => {
    const sinceMs = (samples.at(-1)?.atMs ?? 0) - shownMs;
    // One reading before what is shown, so that the lines come from somewhere.
    const first = samples.findIndex(({ atMs }) => atMs >= sinceMs);
    const shown = holesSince(findHoles(readings), sinceMs);
    return { columns: chartData(samples.slice(Math.max(0, first - 1)), shown), holes: shown };
  }, [readings, samples, shownMs]);
  return <UseCharts columns={columns} holes={holes} span={span} capacity={capacityOf(samples.at(-1))} />;
}
