import { accept, refuse, type Result } from "@quarterdeck/core/errors/result";
import type { RunId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { Topic } from "@quarterdeck/core/protocol/ticket";
import type { ViewerFeature } from "@quarterdeck/core/protocol/viewer-features";
import type { ViewerToRelay } from "@quarterdeck/core/protocol/viewer-to-relay";
import { acknowledgeOutput, startWatch, type OutputWatch } from "./output-watch.ts";

/** One viewer's connection: what it may watch, until when, and what it watches. It is the socket's attachment. */
export interface ViewerState {
  readonly kind: "viewer";
  readonly userId: string;
  readonly orgId: string;
  readonly topics: readonly Topic[];
  readonly features: readonly ViewerFeature[];
  readonly expiresAtMs: number;
  readonly isWatchingTelemetry: boolean;
  readonly watches: readonly OutputWatch[];
}

/** A viewer after one of its frames, and what that changed for the bridge. */
export interface ViewerStep {
  readonly viewer: ViewerState;
  /** The bridge must hear what is watched now. */
  readonly isInterestChanged: boolean;
  /** The run whose output must come again, from the viewer's place. */
  readonly asked: RunId | null;
  /** The viewer wants the latest samples. */
  readonly wantsSamples: boolean;
  /** And those of that long before. */
  readonly historyMs: number;
}

type Frame = Exclude<ViewerToRelay, { type: "authorize" | "reached" | "input" }>;

function withWatch(viewer: ViewerState, watch: OutputWatch): ViewerState {
  const others = viewer.watches.filter((other) => other.runId !== watch.runId);
  return { ...viewer, watches: [...others, watch] };
}

export function notInTicket(topic: Topic): Result<never> {
  return refuse("FORBIDDEN", `This connection's ticket does not allow ${topic}. Ask the platform for another ticket.`);
}

function watchOutput(viewer: ViewerState, runId: RunId, fromOffset: number): Result<ViewerStep> {
  const topic: Topic = `output:${runId}`;
  if (!viewer.topics.includes(topic)) return notInTicket(topic);
  const next = withWatch(viewer, startWatch(runId, fromOffset));
  return accept({ viewer: next, isInterestChanged: true, asked: runId, wantsSamples: false, historyMs: 0 });
}

/** Whether a frame is bounded by the output that was sent: an acknowledgement of further bytes. The others are counted. */
export function isPaidAck(viewer: ViewerState, frame: ViewerToRelay): boolean {
  if (frame.type !== "ackOutput") return false;
  const watch = viewer.watches.find((other) => other.runId === frame.runId);
  return watch !== undefined && frame.offset > watch.ackedOffset && frame.offset <= watch.sentOffset;
}

/**
 * Carries out one frame of a viewer, or refuses it.
 *
 * @param allowanceBytes how far behind a viewer may be
 */
export function takeViewerFrame(viewer: ViewerState, frame: Frame, allowanceBytes: number): Result<ViewerStep> {
  const unchanged: ViewerStep = { viewer, isInterestChanged: false, asked: null, wantsSamples: false, historyMs: 0 };
  switch (frame.type) {
    case "watchTelemetry":
      if (!viewer.topics.includes("telemetry")) return notInTicket("telemetry");
      return accept({
        ...unchanged,
        viewer: { ...viewer, isWatchingTelemetry: true },
        isInterestChanged: !viewer.isWatchingTelemetry,
        wantsSamples: !viewer.isWatchingTelemetry || frame.historyMs !== undefined,
        historyMs: frame.historyMs ?? 0,
      });
    case "unwatchTelemetry":
      return accept({
        ...unchanged,
        viewer: { ...viewer, isWatchingTelemetry: false },
        isInterestChanged: viewer.isWatchingTelemetry,
      });
    case "watchOutput":
      return watchOutput(viewer, frame.runId, frame.fromOffset);
    case "unwatchOutput": {
      const watches = viewer.watches.filter((watch) => watch.runId !== frame.runId);
      const isInterestChanged = watches.length < viewer.watches.length;
      return accept({ ...unchanged, viewer: { ...viewer, watches }, isInterestChanged });
    }
    case "ackOutput": {
      const watch = viewer.watches.find((other) => other.runId === frame.runId);
      if (!watch) return accept(unchanged); // It was on the way when the watch ended.
      const acknowledged = acknowledgeOutput(watch, frame.offset, allowanceBytes);
      if (!acknowledged.ok) return acknowledged;
      const isBack = watch.state === "paused" && acknowledged.value.state === "live";
      return accept({
        ...unchanged,
        viewer: withWatch(viewer, acknowledged.value),
        isInterestChanged: isBack,
        asked: isBack ? watch.runId : null,
      });
    }
  }
}

/** Adds the topics of a further ticket of the same user. The connection lives as long as the newer ticket says. */
export function addTopics(viewer: ViewerState, topics: readonly Topic[], expiresAtMs: number): Result<ViewerState> {
  const all = [...new Set([...viewer.topics, ...topics])];
  if (all.length > limits.topicsPerViewer) {
    const most = `A connection may have ${limits.topicsPerViewer} topics`;
    return refuse("RATE_LIMITED", `${most}; open another one for the rest.`);
  }
  return accept({ ...viewer, topics: all, expiresAtMs: Math.max(viewer.expiresAtMs, expiresAtMs) });
}

/** Makes watches live again whose output was missing when they were made: the run is on its way to the server now. */
export function reviveWatches(viewer: ViewerState, runIds: ReadonlySet<RunId>): ViewerState {
  const isRevived = (watch: OutputWatch) => watch.state === "missing" && runIds.has(watch.runId);
  if (!viewer.watches.some(isRevived)) return viewer;
  const watches = viewer.watches.map((watch): OutputWatch => (isRevived(watch) ? { ...watch, state: "live" } : watch));
  return { ...viewer, watches };
}
