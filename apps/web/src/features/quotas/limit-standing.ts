import type { NodeEvidenceView } from "../../api/views.ts";

type EvidenceItem = NodeEvidenceView["items"][number];

/**
 * How a limit stands on its server. `none`: there is no limit. `notYet`: the kernel was not asked for it yet, or holds the one
 * before. `notTold`: the bridge is too old to say. The others are the kernel's.
 */
export type LimitStanding = EvidenceItem["state"] | "none" | "notYet" | "notTold";

/** @param wanted what the next command asks the kernel for; null: no limit */
export function standingOf(
  wanted: number | null,
  item: Pick<EvidenceItem, "wanted" | "state"> | undefined,
  isTold: boolean | null,
): LimitStanding {
  if (item?.state === "mismatch") return "mismatch"; // Whatever is wanted now: something is wrong there.
  if (item === undefined) {
    if (wanted === null) return "none";
    return isTold === false ? "notTold" : "notYet";
  }
  if (item.wanted !== wanted) return "notYet";
  return wanted === null ? "none" : item.state;
}
