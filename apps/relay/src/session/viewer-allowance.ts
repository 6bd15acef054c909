import { limits } from "@quarterdeck/core/protocol/limits";
import type { OutputWatch } from "./output-watch.ts";
import type { ViewerState } from "./viewer.ts";

function isOnTheWay({ state, sentOffset, ackedOffset }: OutputWatch): boolean {
  return state === "live" || state === "paused" || sentOffset > ackedOffset;
}

/**
 * How much output a viewer may be behind in one run: as much as anyone may while few watch, and less where many do, so that
 * what waits for dead and slow ones stays within the object's memory however many they are (PROTOCOL 6.4). Never less than
 * what a viewer receives before it acknowledges.
 */
export function behindAllowance(viewers: Iterable<ViewerState>): number {
  let watches = 0;
  for (const viewer of viewers) {
    watches += viewer.watches.filter(isOnTheWay).length;
    if (viewer.unread.bytes > 0) watches++;
  }
  const share = Math.floor(limits.viewersBehindBytes / Math.max(1, watches));
  return Math.max(limits.viewerAckBytes, Math.min(limits.viewerBehindBytes, share));
}
