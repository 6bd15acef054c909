import type { ProjectId, ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import { minuteMs } from "@quarterdeck/core/units";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Activity } from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { ChartSkeletons } from "./ChartSkeletons.tsx";
import type { TelemetryHistoryView } from "../../api/views.ts";
import type { Span } from "./span.ts";
import { columnsOf, holesBetween, joinPoints, pointsOfHistory, type UsePoint } from "./use-columns.ts";
import { UseCharts } from "./UseCharts.tsx";

interface NodeHistoryProps {
  readonly nodeId: ServerId | WorkspaceId | ProjectId;
  readonly span: Exclude<Span, "minutes">;
  /** What came since, which the history does not have yet. */
  readonly live?: readonly UsePoint[];
}

const noPoints: readonly UsePoint[] = [];
/** Minutes are told some at a time, so they may be this late. */
const renewEveryMs = minuteMs / 2;

/** What a server, a workspace or a project used in the past, as the platform keeps it. */
export function NodeHistory({ nodeId, span, live = noPoints }: NodeHistoryProps) {
  const isFine = span === "hour" || span === "day";
  const query = useQuery({
    ...trpc.telemetry.history.queryOptions({ nodeId, span }),
    refetchInterval: isFine ? renewEveryMs : 10 * minuteMs,
    placeholderData: keepPreviousData,
  });
  return (
    <Loaded query={query} skeleton={<ChartSkeletons />}>
      {(history) => <HistoryCharts history={history} span={span} live={isFine ? live : noPoints} />}
    </Loaded>
  );
}

interface HistoryChartsProps {
  readonly history: TelemetryHistoryView;
  readonly span: Span;
  readonly live: readonly UsePoint[];
}

function HistoryCharts({ history, span, live }: HistoryChartsProps) {
  const { t } = useTranslation();
  const { columns, holes } = useMemo(() => {
    const points = joinPoints(pointsOfHistory(history), live);
    // Half a step more than whole ones: a point stands in the middle of what it sums up.
    const missing = holesBetween(points, 1.5 * history.stepMs + minuteMs);
    return { columns: columnsOf(points, missing), holes: missing };
  }, [history, live]);
  if (columns.times.length === 0) {
    return (
      <EmptyState icon={Activity} title={t("telemetry.noneTitle")}>
        {t("telemetry.none")}
      </EmptyState>
    );
  }
  return <UseCharts columns={columns} holes={holes} span={span} capacity={history.capacity} />;
}
