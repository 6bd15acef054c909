import { accept, refuse, type Result } from "@quarterdeck/core/errors/result";
import type { RunId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import { isTelemetryTopic, type Topic } from "@quarterdeck/core/protocol/ticket";
import type { ViewerFeature } from "@quarterdeck/core/protocol/viewer-features";
import type { ViewerToRelay } from "@quarterdeck/core/protocol/viewer-to-relay";
import { acknowledgeOutput, isNearAgain, startWatch, type OutputRoom, type OutputWatch } from "./output-watch.ts";
import { leaveWatch, reachUnread, type UnreadOutput } from "./unread-output.ts";
import { reachPast, type ViewerPast } from "./viewer-past.ts";

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
  /** How many marks it was sent. */
  readonly marks: number;
  readonly unread: UnreadOutput;
  readonly past: ViewerPast;
}

/** A viewer after one of its frames, and what that changed for the bridge. */
export interface ViewerStep {
  readonly viewer: ViewerState;
  /** The bridge must hear what is watched now. */
  readonly isInterestChanged: boolean;
  /** The run whose output must come again, from the viewer's place. */
  readonly asked: RunId | null;
  /** How much of the past the viewer wants; `null` when it did not ask. */
  readonly historyMs: number | null;
}

type Frame = Exclude<ViewerToRelay, { type: "authorize" | "reached" | "input" }>;

function withWatch(viewer: ViewerState, watch: OutputWatch): ViewerState {
  const others = viewer.watches.filter((other) => other.runId !== watch.runId);
  return { ...viewer, watches: [...others, watch] };
}

export function notInTicket(topic: Topic): Result<never> {
  return refuse("FORBIDDEN", `This connection's ticket does not allow ${topic}. Ask the platform for another ticket.`);
}

/** How far behind a viewer may be in each of its runs. */
export function roomOf({ unread }: ViewerState, allowanceBytes: number): OutputRoom {
  return { allowanceBytes, unreadBytes: unread.bytes };
}

function leave(viewer: ViewerState, runId: RunId): ViewerState {
  const left = viewer.watches.find((watch) => watch.runId === runId);
  const watches = viewer.watches.filter((watch) => watch !== left);
  return { ...viewer, watches, unread: leaveWatch(viewer.unread, left) };
}

function watchOutput(
  viewer: ViewerState,
  { runId, fromOffset }: Extract<Frame, { type: "watchOutput" }>,
  allowanceBytes: number,
): Result<ViewerStep> {
  const topic: Topic = `output:${runId}`;
  if (!viewer.topics.includes(topic)) return notInTicket(topic);
  const left = leave(viewer, runId);
  const watch = startWatch(runId, fromOffset, roomOf(left, allowanceBytes));
  if (watch.state === "paused" && !viewer.features.includes("checkpoint")) {
    return refuse("RATE_LIMITED", "This connection asks for output again without acknowledging what it was sent.");
  }
  const asked = watch.state === "live" ? runId : null;
  return accept({ viewer: withWatch(left, watch), isInterestChanged: true, asked, historyMs: null });
}

function ackOutput(
  viewer: ViewerState,
  { runId, offset }: Extract<Frame, { type: "ackOutput" }>,
  allowanceBytes: number,
): Result<ViewerStep> {
  const unchanged: ViewerStep = { viewer, isInterestChanged: false, asked: null, historyMs: null };
  const watch = viewer.watches.find((other) => other.runId === runId);
  if (!watch) return accept(unchanged); // It was on the way when the watch ended.
  // Bytes that an earlier watch of the run brought: the viewer does not need them again.
  const isOfEarlier = offset > watch.sentOffset && viewer.unread.hasLeft;
  const acknowledged = acknowledgeOutput(isOfEarlier ? { ...watch, sentOffset: offset } : watch, offset);
  if (!acknowledged.ok) return acknowledged;
  if (!isNearAgain(acknowledged.value, roomOf(viewer, allowanceBytes))) {
    return accept({ ...unchanged, viewer: withWatch(viewer, acknowledged.value) });
  }
  const live: OutputWatch = { ...acknowledged.value, state: "live" };
  return accept({ ...unchanged, viewer: withWatch(viewer, live), isInterestChanged: true, asked: runId });
}

/** A viewer has read everything before a mark: what waited for that goes on. */
export function reachMark(
  viewer: ViewerState,
  mark: number,
  allowanceBytes: number,
): { readonly viewer: ViewerState; readonly asked: ReadonlySet<RunId> } {
  const past = reachPast(viewer.past, mark);
  const unread = reachUnread(viewer.unread, mark);
  const reached = { ...viewer, past, unread };
  if (unread === viewer.unread) return { viewer: reached, asked: new Set() };
  const room = roomOf(reached, allowanceBytes);
  const near = new Set(viewer.watches.filter((watch) => isNearAgain(watch, room)));
  const watches = viewer.watches.map((watch): OutputWatch => (near.has(watch) ? { ...watch, state: "live" } : watch));
  return { viewer: { ...reached, watches }, asked: new Set([...near].map(({ runId }) => runId)) };
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
  const unchanged: ViewerStep = { viewer, isInterestChanged: false, asked: null, historyMs: null };
  switch (frame.type) {
    case "watchTelemetry":
      if (!viewer.topics.some(isTelemetryTopic)) return notInTicket("telemetry");
      return accept({
        ...unchanged,
        viewer: { ...viewer, isWatchingTelemetry: true },
        isInterestChanged: !viewer.isWatchingTelemetry,
        historyMs: frame.historyMs ?? 0,
      });
    case "unwatchTelemetry":
      return accept({
        ...unchanged,
        viewer: { ...viewer, isWatchingTelemetry: false },
        isInterestChanged: viewer.isWatchingTelemetry,
      });
    case "watchOutput":
      return watchOutput(viewer, frame, allowanceBytes);
    case "unwatchOutput": {
      const left = leave(viewer, frame.runId);
      return accept({
        ...unchanged,
        viewer: left,
        isInterestChanged: left.watches.length < viewer.watches.length,
      });
    }
    case "ackOutput":
      return ackOutput(viewer, frame, allowanceBytes);
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
