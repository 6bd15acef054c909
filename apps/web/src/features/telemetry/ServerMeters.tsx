import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import { coreMillicores } from "@quarterdeck/core/units";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../i18n/use-format.ts";
import { Meter } from "../../ui/Meter.tsx";

/** Cpu, memory and disk at this moment. */
export function ServerMeters({ sample }: { sample: Sample | undefined }) {
  const { t } = useTranslation();
  const format = useFormat();
  const share = (used: number, total: number) => (total === 0 ? 0 : used / total);
  const none = "–";
  const of = (used: number, total: number) => t("servers.of", { used: format.bytes(used), total: format.bytes(total) });
  return (
    <div className="grid gap-2.5">
      <Meter
        label={t("servers.cpu")}
        share={sample === undefined ? null : share(sample.cpu, sample.cpuCapacity)}
        text={
          sample === undefined
            ? none
            : t("servers.cpuReading", {
                percent: format.percent(share(sample.cpu, sample.cpuCapacity)),
                count: Math.round(sample.cpuCapacity / coreMillicores),
              })
        }
      />
      <Meter
        label={t("servers.memory")}
        share={sample === undefined ? null : share(sample.memoryUsed, sample.memoryTotal)}
        text={sample === undefined ? none : of(sample.memoryUsed, sample.memoryTotal)}
      />
      <Meter
        label={t("servers.disk")}
        share={sample === undefined ? null : share(sample.diskUsed, sample.diskTotal)}
        text={sample === undefined ? none : of(sample.diskUsed, sample.diskTotal)}
        warnAbove={0.8}
      />
    </div>
  );
}
