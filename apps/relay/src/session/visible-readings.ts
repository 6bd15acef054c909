import type { WorkspaceId } from "@quarterdeck/core/ids";
import {
  firstReadings,
  isOfWorkspace,
  splitReadings,
  type CompactReadings,
} from "@quarterdeck/core/protocol/compact-readings";
import { isTelemetryTopic, type Topic } from "@quarterdeck/core/protocol/ticket";
import { withoutNetwork } from "@quarterdeck/core/protocol/workspace-readings";
import { noHistory, type History } from "./telemetry-history.ts";
import type { ViewerState } from "./viewer.ts";

type Sight = Pick<ViewerState, "topics" | "features">;

/** Names what a viewer may see of readings: who has the same name may be sent the same text. */
export function sightOf({ topics, features }: Sight): string {
  const knows = [features.includes("workspaces"), features.includes("network")];
  return `${topics.filter(isTelemetryTopic).toSorted().join(" ")} ${knows.join(" ")}`;
}

/**
 * What of readings a viewer may see (PROTOCOL 11.11): the server's with the topic `telemetry`, a workspace's with its own,
 * in the form that its page knows. Groups are passed on or left out whole, so nothing is decoded for it.
 */
export function visibleReadings(readings: CompactReadings, { topics, features }: Sight): CompactReadings {
  const seesServer = topics.includes("telemetry");
  if (!features.includes("workspaces")) return seesServer ? firstReadings(readings) : [];
  const named = new Set(topics);
  const visible = readings.filter((group) => (isOfWorkspace(group) ? named.has(topicOf(group.workspace)) : seesServer));
  if (features.includes("network")) return visible;
  return visible.map((group) => (isOfWorkspace(group) ? withoutNetwork(group) : group));
}

/** What of the past a viewer may see: the server's. That of workspaces is the API's to show. */
export function visibleHistory({ readings, gaps }: History, viewer: Sight): History {
  if (!viewer.topics.includes("telemetry")) return noHistory;
  return { readings: visibleReadings(splitReadings(readings).server, viewer), gaps };
}

function topicOf(workspaceId: WorkspaceId): Topic {
  return `telemetry:${workspaceId}`;
}
