import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import { coreMillicores, kibibyte } from "@quarterdeck/core/units";
import { useMemo, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../i18n/use-format.ts";
import { Card } from "../../ui/Card.tsx";
import { roundTop } from "./chart-scale.ts";
import { LiveChart } from "./LiveChart.tsx";
import { networkRates } from "./sample-history.ts";

/** Cpu, memory, disk and network of a server over the last minutes. */
export function ServerCharts({ samples }: { samples: readonly Sample[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const data = useMemo(() => {
    const rates = samples.map((sample, index) => networkRates(samples[index - 1], sample));
    return {
      times: samples.map((sample) => sample.atMs / 1000),
      cpu: samples.map((sample) => (sample.cpuCapacity === 0 ? null : sample.cpu / sample.cpuCapacity)),
      memory: samples.map((sample) => sample.memoryUsed),
      disk: samples.map((sample) => sample.diskUsed),
      received: rates.map((rate) => rate.received),
      sent: rates.map((rate) => rate.sent),
      topRate: roundTop(Math.max(0, ...rates.flatMap((rate) => [rate.received ?? 0, rate.sent ?? 0])), kibibyte),
    };
  }, [samples]);
  const last = samples.at(-1);
  const rate = (value: number | null | undefined) => (value === null || value === undefined ? "–" : format.rate(value));
  const of = (used: number, total: number) => t("servers.of", { used: format.bytes(used), total: format.bytes(total) });
  // The unit of nothing is nobody's question.
  const axisBytes = (bytes: number) => (bytes === 0 ? format.number(0) : format.bytes(bytes));
  const axisRate = (bytes: number) => (bytes === 0 ? format.number(0) : format.rate(bytes));
  const { times } = data;
  return (
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
          label={t("servers.chart", { what: t("servers.cpu") })}
          times={times}
          series={[{ label: t("servers.cpu"), color: "--accent", values: data.cpu }]}
          format={format.percent}
          max={1}
        />
      </Chart>
      <Chart title={t("servers.memory")} reading={last === undefined ? "–" : of(last.memoryUsed, last.memoryTotal)}>
        <LiveChart
          label={t("servers.chart", { what: t("servers.memory") })}
          times={times}
          series={[{ label: t("servers.memory"), color: "--ansi-4", values: data.memory }]}
          format={axisBytes}
          max={last?.memoryTotal ?? 1}
        />
      </Chart>
      <Chart title={t("servers.disk")} reading={last === undefined ? "–" : of(last.diskUsed, last.diskTotal)}>
        <LiveChart
          label={t("servers.chart", { what: t("servers.disk") })}
          times={times}
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
          label={t("servers.chart", { what: t("servers.network") })}
          times={times}
          series={[
            { label: t("servers.receivedName"), color: "--good", values: data.received },
            { label: t("servers.sentName"), color: "--warn", values: data.sent },
          ]}
          format={axisRate}
          max={data.topRate}
        />
      </Chart>
    </div>
  );
}

function Chart({ title, reading, children }: { title: string; reading: ReactNode; children: ReactNode }) {
  return (
    <Card className="min-w-0 p-3">
      <div className="mb-1 flex min-h-6 flex-wrap items-center justify-between gap-x-3">
        <h2 className="text-sm font-medium">{title}</h2>
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
