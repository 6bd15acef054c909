import type { BridgeToRelay } from "@quarterdeck/core/protocol/bridge-to-relay";
import { firstReadings } from "@quarterdeck/core/protocol/compact-readings";
import { bridgeFramesSince, workspaceReadingsSince } from "@quarterdeck/core/protocol/frame-versions";
import { isAtLeast } from "@quarterdeck/core/protocol/version";
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
  if ("readings" in frame && !isAtLeast(phase.protocol, workspaceReadingsSince))
    return { ...frame, readings: firstReadings(frame.readings), epoch: phase.epoch };
  return { ...frame, epoch: phase.epoch };
}
