import { latestStartMs } from "@quarterdeck/core/protocol/lease";
import type { Command } from "@quarterdeck/core/protocol/command";
import type { Refusal } from "@quarterdeck/core/errors/result";
import type { Recovery } from "../journal/recovery.ts";

/** Whether a run that an earlier bridge left may begin only once the relay has been heard. */
export function waitsForRelay({ effect, detached }: Command, recovery: Recovery): boolean {
  // A journal that was restored from a copy says of a run that has ended long ago that it is yet to start.
  return detached === false || (recovery === "start" && effect === "once");
}

/** Why it may not begin any more: the relay may have told its end, and somebody may have it run again. */
export function judgeLateStart(command: Command, relayNowMs: number | null): Refusal | null {
  if (relayNowMs === null || relayNowMs <= latestStartMs(command)) return null;
  return {
    code: "LEASE_EXPIRED",
    message: "The server was away for too long, so it was not begun any more.",
  };
}
