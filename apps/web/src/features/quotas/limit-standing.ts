import type { LimitedResource } from "@quarterdeck/core/quota/kernel-limits";
import type { NodeEvidenceView } from "../../api/views.ts";

type EvidenceItem = NodeEvidenceView["items"][number];

/**
 * How a limit stands on its server. `none`: there is no limit. `notYet`: the kernel was not asked for it yet, or holds the one
 * before. `notTold`: the bridge is too old to say. The others are the kernel's.
 */
export type LimitStanding = EvidenceItem["state"] | "none" | "notYet" | "notTold";

interface Said extends Pick<NodeEvidenceView, "isTold" | "limited"> {
  readonly items: readonly Pick<EvidenceItem, "resource" | "wanted" | "state">[];
}

/** @param wanted what the next command asks the kernel for; null: no limit */
export function standingOf(resource: LimitedResource, wanted: number | null, said: Said): LimitStanding {
  const item = said.items.find((one) => one.resource === resource);
  if (item?.state === "mismatch") return "mismatch"; // Whatever is wanted now: something is wrong there.
  if (item === undefined) return withoutWord(resource, wanted, said);
  if (item.wanted !== wanted && item.state !== "unsupported") return "notYet";
  return wanted === null ? "none" : item.state;
}

function withoutWord(resource: LimitedResource, wanted: number | null, { isTold, limited }: Said): LimitStanding {
  if (wanted === null) return "none";
  if (limited !== null && !limited.includes(resource)) return "unsupported";
  return isTold === false ? "notTold" : "notYet";
}
