import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import { coreMillicores } from "@quarterdeck/core/units";
import { useMemo, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../i18n/use-format.ts";
import { Card } from "../../ui/Card.tsx";
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
    };
  }, [samples]);
  const last = samples.at(-1);
  const perSecond = (value: number | null | undefined) =>
    t("servers.perSecond", { amount: value === null || value === undefined ? "–" : format.bytes(value) });
  const of = (used: number, total: number) => t("servers.of", { used: format.bytes(used), total: format.bytes(total) });
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
          format={format.bytes}
          max={last?.memoryTotal ?? null}
        />
      </Chart>
      <Chart title={t("servers.disk")} reading={last === undefined ? "–" : of(last.diskUsed, last.diskTotal)}>
        <LiveChart
          label={t("servers.chart", { what: t("servers.disk") })}
          times={times}
          series={[{ label: t("servers.disk"), color: "--ansi-5", values: data.disk }]}
          format={format.bytes}
          max={last?.diskTotal ?? null}
        />
      </Chart>
      <Chart
        title={t("servers.network")}
        reading={
          <span className="flex gap-3">
            <Key color="--good" text={t("servers.received", { rate: perSecond(data.received.at(-1)) })} />
            <Key color="--warn" text={t("servers.sent", { rate: perSecond(data.sent.at(-1)) })} />
          </span>
        }
      >
        <LiveChart
          label={t("servers.chart", { what: t("servers.network") })}
          times={times}
          series={[
            { label: "in", color: "--good", values: data.received },
            { label: "out", color: "--warn", values: data.sent },
          ]}
          format={format.bytes}
          max={null}
        />
      </Chart>
    </div>
  );
}

function Chart({ title, reading, children }: { title: string; reading: ReactNode; children: ReactNode }) {
  return (
    <Card className="min-w-0 p-3">
      <div className="mb-1 flex flex-wrap items-baseline justify-between gap-x-3">
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
