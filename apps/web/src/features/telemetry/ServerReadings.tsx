import { Activity } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ServerView } from "../../api/views.ts";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { ServerCharts } from "./ServerCharts.tsx";
import { spanMs, type Span } from "./span.ts";
import { useTelemetry } from "./use-telemetry.ts";

/** A server's charts, or what is in their place before the first reading and while there is none to come. */
export function ServerReadings({ server }: { server: ServerView }) {
  const { t } = useTranslation();
  const [span, setSpan] = useState<Span>("minutes");
  const isWatched = server.isRelayReachable && server.status !== "new";
  const readings = useTelemetry(server.serverId, { isWatched, historyMs: spanMs[span] });
  if (readings.samples.length > 0) return <ServerCharts readings={readings} span={span} onSpan={setSpan} />;
  if (server.isRevoked) return null;
  if (!isWatched || server.status !== "online") {
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
