import { Activity } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ServerView } from "../../api/views.ts";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { ChartSkeletons } from "./ChartSkeletons.tsx";
import { NodeHistory } from "./NodeHistory.tsx";
import { ServerCharts } from "./ServerCharts.tsx";
import { spanMs, type Span } from "./span.ts";
import { SpanSection } from "./SpanSection.tsx";
import { useTelemetry } from "./use-telemetry.ts";

/** A server's charts: live and of the last day from the relay, of the time before from what the platform keeps. */
export function ServerReadings({ server }: { server: ServerView }) {
  const { t } = useTranslation();
  const [span, setSpan] = useState<Span>("minutes");
  if (server.isRevoked) return null;
  return (
    <SpanSection title={t("servers.readings")} span={span} onSpan={setSpan}>
      {span === "month" || span === "year" ? (
        <NodeHistory nodeId={server.serverId} span={span} />
      ) : (
        <LiveReadings server={server} span={span} />
      )}
    </SpanSection>
  );
}

/** The charts, or what is in their place before the first reading and while there is none to come. */
function LiveReadings({ server, span }: { server: ServerView; span: Exclude<Span, "month" | "year"> }) {
  const { t } = useTranslation();
  const isWatched = server.isRelayReachable && server.status !== "new";
  const readings = useTelemetry(server.serverId, { isWatched, historyMs: spanMs[span] });
  if (readings.samples.length > 0) return <ServerCharts readings={readings} span={span} />;
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
