import { coreMillicores, kibibyte } from "@quarterdeck/core/units";
import { useMemo, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../i18n/use-format.ts";
import { Card } from "../../ui/Card.tsx";
import { Select } from "../../ui/Select.tsx";
import { chartData } from "./chart-data.ts";
import { roundTop } from "./chart-scale.ts";
import { HoleList } from "./HoleList.tsx";
import { findHoles, holesSince } from "./holes.ts";
import { LiveChart } from "./LiveChart.tsx";
import type { Readings } from "./sample-history.ts";
import { spanMs, spans, type Span } from "./span.ts";

interface ServerChartsProps {
  readonly readings: Readings;
  readonly span: Span;
  readonly onSpan: (span: Span) => void;
}

/** Cpu, memory, disk and network of a server over the last minutes. */
export function ServerCharts({ readings, span, onSpan }: ServerChartsProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const { samples } = readings;
  const shownMs = spanMs[span];
  const data = useMemo(() => {
    const sinceMs = (samples.at(-1)?.atMs ?? 0) - shownMs;
    const all = findHoles(readings);
    // One reading before what is shown, so that the lines come from somewhere.
    const first = samples.findIndex(({ atMs }) => atMs >= sinceMs);
    const holes = holesSince(all, sinceMs);
    const columns = chartData(samples.slice(Math.max(0, first - 1)), holes);
    const rates = [...columns.received, ...columns.sent].map((rate) => rate ?? 0);
    return { ...columns, holes, topRate: roundTop(Math.max(0, ...rates), kibibyte) };
  }, [readings, samples, shownMs]);
  const last = samples.at(-1);
  const rate = (value: number | null | undefined) => (value === null || value === undefined ? "–" : format.rate(value));
  const of = (used: number, total: number) => t("servers.of", { used: format.bytes(used), total: format.bytes(total) });
  // The unit of nothing is nobody's question.
  const axisBytes = (bytes: number) => (bytes === 0 ? format.number(0) : format.bytes(bytes));
  const axisRate = (bytes: number) => (bytes === 0 ? format.number(0) : format.rate(bytes));
  const { times, holes } = data;
  const shared = { times, holes, spanMs: shownMs };
  const chartLabel = (what: string) =>
    [
      t("servers.chart", { what, span: t(`servers.span.${span}`) }),
      holes.length > 0 && t("servers.holes.count", { count: holes.length }),
    ]
      .filter(Boolean)
      .join(". ");
  return (
    <section aria-label={t("servers.readings")}>
      <div className="mb-2 flex min-h-8 flex-wrap items-center justify-between gap-2">
        <h2 className="text-sm font-semibold">{t("servers.readings")}</h2>
        <Select
          aria-label={t("servers.spanLabel")}
          value={span}
          onChange={({ target }) => onSpan(spans.find((one) => one === target.value) ?? span)}
        >
          {spans.map((one) => (
            <option key={one} value={one}>
              {t(`servers.span.${one}`)}
            </option>
          ))}
        </Select>
      </div>
      <div className="grid gap-3 md:grid-cols-2">
        <Chart
          title={t("servers.cpu")}
          reading={
            last === undefined
              ? "–"
              : t("servers.cpuReading", {
                  percent: format.percent(last.cpuCapacity === 0 ? 0 : last.cpu / last.cpuCapacity),
                  count: Math.round(last.cpuCapacity / coreMillicores),
                })
          }
        >
          <LiveChart
            label={chartLabel(t("servers.cpu"))}
            {...shared}
            series={[{ label: t("servers.cpu"), color: "--accent", values: data.cpu }]}
            format={format.percent}
            max={1}
          />
        </Chart>
        <Chart title={t("servers.memory")} reading={last === undefined ? "–" : of(last.memoryUsed, last.memoryTotal)}>
          <LiveChart
            label={chartLabel(t("servers.memory"))}
            {...shared}
            series={[{ label: t("servers.memory"), color: "--ansi-4", values: data.memory }]}
            format={axisBytes}
            max={last?.memoryTotal ?? 1}
          />
        </Chart>
        <Chart title={t("servers.disk")} reading={last === undefined ? "–" : of(last.diskUsed, last.diskTotal)}>
          <LiveChart
            label={chartLabel(t("servers.disk"))}
            {...shared}
            series={[{ label: t("servers.disk"), color: "--ansi-5", values: data.disk }]}
            format={axisBytes}
            max={last?.diskTotal ?? 1}
          />
        </Chart>
        <Chart
          title={t("servers.network")}
          reading={
            <span className="flex gap-3">
              <Key color="--good" text={t("servers.received", { rate: rate(data.received.at(-1)) })} />
              <Key color="--warn" text={t("servers.sent", { rate: rate(data.sent.at(-1)) })} />
            </span>
          }
        >
          <LiveChart
            label={chartLabel(t("servers.network"))}
            {...shared}
            series={[
              { label: t("servers.receivedName"), color: "--good", values: data.received },
              { label: t("servers.sentName"), color: "--warn", values: data.sent },
            ]}
            format={axisRate}
            max={data.topRate}
          />
        </Chart>
      </div>
      <HoleList holes={holes} />
    </section>
  );
}

function Chart({ title, reading, children }: { title: string; reading: ReactNode; children: ReactNode }) {
  return (
    <Card className="min-w-0 p-3">
      <div className="mb-1 flex min-h-6 flex-wrap items-center justify-between gap-x-3">
        <h3 className="text-sm font-medium">{title}</h3>
        <div className="text-xs text-muted tabular-nums">{reading}</div>
      </div>
      {children}
    </Card>
  );
}

function Key({ color, text }: { color: string; text: string }) {
  return (
    <span className="inline-flex items-center gap-1">
      <span className="h-0.5 w-3 rounded" style={{ background: `var(${color})` }} aria-hidden />
      {text}
    </span>
  );
}
