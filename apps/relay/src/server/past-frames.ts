import type { ViewerFrame } from "@quarterdeck/core/protocol/relay-to-viewer";
import type { RecentReadings } from "../session/recent-readings.ts";
import { inFrames } from "../session/telemetry-history.ts";
import type { ViewerState } from "../session/viewer.ts";
import { nextStretch, type ViewerPast } from "../session/viewer-past.ts";
import { visibleHistory, visibleReadings } from "../session/visible-readings.ts";
import type { Sql } from "../storage/sql.ts";
import { readHistory } from "../storage/telemetry-history.ts";

interface PastSource {
  readonly sql: Sql;
  /** The readings that are not in the storage yet. */
  readonly recent: RecentReadings;
  readonly nowMs: number;
}

/** What goes out to a viewer of its past now: the recent readings, and the next stretch that has any. */
export function takePast(viewer: ViewerState, source: PastSource): { past: ViewerPast; frames: ViewerFrame[] } {
  const { past } = viewer;
  if (past.mark !== null) return { past, frames: [] };
  const frames: ViewerFrame[] = [];
  let next = past;
  if (past.isRecentDue) {
    next = { ...next, isRecentDue: false };
    for (const { readings } of inFrames({ readings: visibleReadings(source.recent.packed(), viewer), gaps: [] }))
      frames.push({ type: "telemetry", readings });
  }
  for (let hasFound = false; !hasFound; ) {
    const stretch = nextStretch(next, source.nowMs);
    if (!stretch) break;
    next = stretch.past;
    for (const frame of inFrames(visibleHistory(readHistory(source.sql, stretch.span), viewer))) {
      frames.push({ type: "history", ...frame });
      hasFound = true;
    }
  }
  return { past: next, frames };
}
