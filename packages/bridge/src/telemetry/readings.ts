import { encodeReadings, type ReadingGroup } from "@quarterdeck/core/protocol/compact-readings";
import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import { encodeWorkspaces, type WorkspaceReading } from "@quarterdeck/core/protocol/workspace-readings";

/** What a bridge read of its machine, and of the workspaces on it, in the order of time. */
export interface Readings {
  readonly samples: readonly Sample[];
  readonly workspaces: readonly WorkspaceReading[];
}

/** As they go into a frame. */
export function packReadings({ samples, workspaces }: Readings): ReadingGroup[] {
  return [...encodeReadings(samples), ...encodeWorkspaces(workspaces)];
}
