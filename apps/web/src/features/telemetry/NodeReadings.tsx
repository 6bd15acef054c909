import type { ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import { projectKey } from "@quarterdeck/core/protocol/workspace-readings";
import { Activity } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ServerView } from "../../api/views.ts";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { NodeHistory } from "./NodeHistory.tsx";
import { spanMs, type Span } from "./span.ts";
import { SpanSection } from "./SpanSection.tsx";
import { columnsOf, holesBetween, type UsePoint } from "./use-columns.ts";
import { useUsage } from "./use-usage.ts";
import { usePoints } from "./usage-history.ts";
import { UseCharts } from "./UseCharts.tsx";

interface NodeReadingsProps {
  readonly server: ServerView;
  readonly workspaceId: WorkspaceId;
  /** Of one of its projects; without it of the workspace. */
  readonly projectId?: ProjectId;
}

/** What a workspace or a project uses: live, and in the past. */
export function NodeReadings({ server, workspaceId, projectId }: NodeReadingsProps) {
  const { t } = useTranslation();
  const [span, setSpan] = useState<Span>("minutes");
  const isWatched = server.isRelayReachable && server.status !== "new" && !server.isRevoked;
  const usage = useUsage(server.serverId, { workspaceIds: [workspaceId], isWatched });
  const readings = usage.get(workspaceId);
  const live = useMemo(
    () => usePoints(readings ?? [], projectId === undefined ? null : projectKey(projectId)),
    [readings, projectId],
  );
  return (
    <SpanSection title={t("telemetry.use")} span={span} onSpan={setSpan}>
      {span === "minutes" ? (
        <LiveUse points={live} />
      ) : (
        <NodeHistory nodeId={projectId ?? workspaceId} span={span} live={live} />
      )}
    </SpanSection>
  );
}

function LiveUse({ points }: { points: readonly UsePoint[] }) {
  const { t } = useTranslation();
  const { columns, holes } = useMemo(() => {
    const sinceMs = (points.at(-1)?.atMs ?? 0) - spanMs.minutes;
    const shown = points.filter(({ atMs }) => atMs >= sinceMs);
    const missing = holesBetween(shown, 2.5 * limits.sampleUnwatchedMs);
    return { columns: columnsOf(shown, missing), holes: missing };
  }, [points]);
  if (points.length === 0) {
    return (
      <EmptyState icon={Activity} title={t("telemetry.noneTitle")}>
        {t("telemetry.none")}
      </EmptyState>
    );
  }
  return <UseCharts columns={columns} holes={holes} span="minutes" capacity={null} />;
}
