import { encodeReadings } from "@quarterdeck/core/protocol/compact-readings";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { Sample, TelemetryGap } from "@quarterdeck/core/protocol/telemetry";
import { hourMs } from "@quarterdeck/core/units";
import type { Connection } from "./fake-bridge.ts";
import { sample } from "./output-source.ts";
import type { Frame } from "./peer.ts";

export const readingAt = (atMs: number): Sample => ({ ...sample, atMs });

/** A reading for every half minute from `hours` ago until now. */
export function halfMinutely(hours: number): Sample[] {
  const nowMs = Date.now();
  const count = (hours * hourMs) / limits.sampleUnwatchedMs;
  return Array.from({ length: count }, (_, i) => readingAt(nowMs - (count - i) * limits.sampleUnwatchedMs));
}

/** Sends a spool as a bridge does: the next piece when the last is stored. */
export async function sendSpool(
  { peer, welcome }: Connection,
  samples: readonly Sample[],
  gaps: readonly TelemetryGap[] = [],
): Promise<void> {
  for (let sent = 0; sent < samples.length; sent += limits.historySamplesPerFrame) {
    const piece = samples.slice(sent, sent + limits.historySamplesPerFrame);
    const through = sent + piece.length;
    peer.send({
      type: "history",
      epoch: welcome.epoch,
      through,
      readings: encodeReadings(piece),
      gaps: sent === 0 ? gaps : [],
    });
    await peer.next<Frame & { through: number }>("historyStored", (frame) => frame.through === through);
  }
}
