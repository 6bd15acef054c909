import type { BridgeToRelay } from "@quarterdeck/core/protocol/bridge-to-relay";
import { firstReadings, isOfWorkspace, type ReadingGroup } from "@quarterdeck/core/protocol/compact-readings";
import {
  bridgeFramesSince,
  networkReadingsSince,
  workspaceReadingsSince,
} from "@quarterdeck/core/protocol/frame-versions";
import { isAtLeast, type Version } from "@quarterdeck/core/protocol/version";
import { withoutNetwork } from "@quarterdeck/core/protocol/workspace-readings";
import type { Session } from "./session-state.ts";

type WithoutEpoch<T> = T extends { epoch: number } ? Omit<T, "epoch"> : never;
export type StreamFrame = WithoutEpoch<
  Extract<
    BridgeToRelay,
    {
      type:
        | "telemetry"
        | "history"
        | "condition"
        | "output"
        | "gap"
        | "inputState"
        | "keysTaken"
        | "heldHeads"
        | "evidence";
    }
  >
>;

/**
 * What goes out for a frame on a session's connection, if it may: a frame that is newer than the version which the
 * relay's welcome names is not sent, since the relay would close the connection for it (PROTOCOL 1.6). What is newer in readings is left out of them.
 */
export function outgoingFrame(
  { phase }: Pick<Session, "phase">,
  frame: StreamFrame,
  since: typeof bridgeFramesSince = bridgeFramesSince,
): BridgeToRelay | undefined {
  if (phase.name !== "online" || !isAtLeast(phase.protocol, since[frame.type])) return undefined;
  const { protocol, epoch } = phase;
  if ("readings" in frame) return { ...frame, readings: knownReadings(frame.readings, protocol), epoch };
  return { ...frame, epoch };
}

/** In the newest form that the relay can read. */
function knownReadings(readings: ReadingGroup[], protocol: Version): ReadingGroup[] {
  if (isAtLeast(protocol, networkReadingsSince)) return readings;
  if (!isAtLeast(protocol, workspaceReadingsSince)) return firstReadings(readings);
  return readings.map((group) => (isOfWorkspace(group) ? withoutNetwork(group) : group));
}
