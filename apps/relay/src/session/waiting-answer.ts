import type { RunId } from "@quarterdeck/core/ids";
import type { WaitingAnswer } from "@quarterdeck/core/protocol/relay-api";
import { resourceNames, type ResourceName } from "@quarterdeck/core/quota/resources";
import type { Explanation } from "@quarterdeck/core/scheduling/scheduler";

/** Why a run waits, as the API is told. */
export function answerOf({ reason, position, estimate }: Explanation): NonNullable<WaitingAnswer["waiting"]> {
  const outlook = { position, estimate: estimate && { startsInMs: estimate.startsInMs, ...estimate.basis } };
  switch (reason.kind) {
    case "suspended":
      return { reason: "signature" };
    case "order":
      return { reason: "order", behind: reason.behind as RunId, ...outlook };
    case "dependency":
      return { reason: "dependency", on: reason.on as RunId[], ...outlook };
    case "limit":
      return {
        reason: "limit",
        nodeId: reason.nodeId,
        resource: resourceNames[reason.resource] as ResourceName,
        ...overdraftOf(reason),
        ...outlook,
      };
    case "capacity":
      return {
        reason: "capacity",
        resource: resourceNames[reason.resource] as ResourceName,
        ...overdraftOf(reason),
        ...outlook,
      };
    case "room-kept":
      return { reason: "roomKept", for: reason.for as RunId, ...outlook };
    case "turn":
      return { reason: "turn", ...outlook };
  }
}

/** What is held above a limit that was lowered under it. */
function overdraftOf({ free }: { readonly free: number }): { overdraft?: number } {
  return free < 0 ? { overdraft: -free } : {};
}
