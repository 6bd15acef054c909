import { coreMillicores } from "@quarterdeck/core/units";
import type { TFunction } from "i18next";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../i18n/use-format.ts";
import { Card } from "../../ui/Card.tsx";
import { HoleList } from "./HoleList.tsx";
import type { Hole } from "./holes.ts";
import { LiveChart } from "./LiveChart.tsx";
import { panelsOf, type Capacity, type Panel } from "./panels.ts";
import { spanMs, type Span } from "./span.ts";
import { summarize } from "./summarize.ts";
import type { UseColumns } from "./use-columns.ts";

interface UseChartsProps {
  readonly columns: UseColumns;
  readonly holes: readonly Hole[];
  readonly span: Span;
  readonly capacity: Capacity | null;
}

/** A chart for each thing that is known of a server, a workspace or a project. */
export function UseCharts({ columns, holes, span, capacity }: UseChartsProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const panels = useMemo(() => panelsOf(columns, capacity, { t, format }), [columns, capacity, t, format]);
  return (
    <>
      <div className="grid gap-3 md:grid-cols-2">
        {panels.map((panel) => (
          <PanelCard key={panel.name} panel={panel} {...{ columns, holes, span, capacity }} />
        ))}
      </div>
      <HoleList holes={holes} />
    </>
  );
}

function PanelCard({ panel, columns, holes, span, capacity }: UseChartsProps & { readonly panel: Panel }) {
  const { t } = useTranslation();
  const { name, series, format, max } = panel;
  const title = t(`telemetry.${name}`);
  // What the lines show, for whoever does not see them.
  const label = [
    t("telemetry.chart", { what: title, span: t(`telemetry.span.${span}`) }),
    ...(holes.length > 0 ? [t("servers.holes.count", { count: holes.length })] : []),
    ...series.flatMap((line) => {
      const summary = summarize(line.values, format);
      if (summary === null) return [];
      if (series.length === 1) return [t("telemetry.summary", { ...summary })];
      return [t("telemetry.summaryOf", { name: line.label, ...summary })];
    }),
  ].join(". ");
  return (
    <Card className="min-w-0 p-3">
      <div className="mb-1 flex min-h-6 flex-wrap items-center justify-between gap-x-3">
        <h3 className="text-sm font-medium">{title}</h3>
        <div className="flex flex-wrap gap-x-3 text-xs text-muted tabular-nums">
          {series.length === 1 ? (
            <Now panel={panel} capacity={capacity} />
          ) : (
            series.map((line) => <Key key={line.label} color={line.color} text={keyText(line, format, t)} />)
          )}
        </div>
      </div>
      <LiveChart
        label={label}
        times={columns.times}
        holes={holes}
        spanMs={spanMs[span]}
        series={series}
        format={format}
        max={max}
      />
    </Card>
  );
}

function keyText({ label, values }: Panel["series"][number], format: Panel["format"], t: TFunction): string {
  const now = values.findLast((value) => value !== null);
  return t("telemetry.rateOf", { name: label, rate: now === undefined || now === null ? "–" : format(now) });
}

/** The newest number, of what there is where that is known. */
function Now({ panel, capacity }: { panel: Panel; capacity: Capacity | null }) {
  const { t } = useTranslation();
  const now = panel.series[0]?.values.findLast((value) => value !== null) ?? null;
  if (now === null) return <>–</>;
  const used = panel.format(now);
  if (capacity === null) return <>{used}</>;
  if (panel.name === "cpu") {
    return <>{t("servers.cpuReading", { percent: used, count: Math.round(capacity.cpu / coreMillicores) })}</>;
  }
  const total = panel.name === "memory" ? capacity.memory : panel.name === "disk" ? capacity.disk : null;
  return <>{total === null ? used : t("servers.of", { used, total: panel.format(total) })}</>;
}

function Key({ color, text }: { color: string; text: string }) {
  return (
    <span className="inline-flex items-center gap-1">
      <span className="h-0.5 w-3 rounded" style={{ background: `var(${color})` }} aria-hidden />
      {text}
    </span>
  );
}
