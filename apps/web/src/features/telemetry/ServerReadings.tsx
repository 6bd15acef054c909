import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import { Activity } from "lucide-react";
import { useTranslation } from "react-i18next";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { ServerCharts } from "./ServerCharts.tsx";

/** A server's charts, or what is in their place before the first reading and while there is none to come. */
export function ServerReadings({ samples, isExpected }: { samples: readonly Sample[]; isExpected: boolean }) {
  const { t } = useTranslation();
  if (samples.length > 0) return <ServerCharts samples={samples} />;
  if (!isExpected) {
    return (
      <EmptyState icon={Activity} title={t("servers.noReadingsTitle")}>
        {t("servers.noReadings")}
      </EmptyState>
    );
  }
  return (
    <div role="status" aria-label={t("common.loading")}>
      <ChartSkeletons />
    </div>
  );
}

export function ChartSkeletons() {
  return (
    <div className="grid gap-3 md:grid-cols-2">
      {["h-44", "h-44", "h-44", "h-44"].map((height, index) => (
        // They have no other identity
        <Skeleton key={index} className={height} />
      ))}
    </div>
  );
}
