/** The priorities a task can have, the most urgent first. Each is a band of its own at the top of the tree. */
export const bandNames = ["urgent", "high", "normal", "low"] as const;
export type Band = (typeof bandNames)[number];

/** What part of a server a band is sure of while others want more than is there. What it does not use, others get. */
export interface BandRule {
  readonly name: Band;
  /** Its guaranteed share, as a weight beside the other bands'. */
  readonly weight: number;
  /**
   * How much of that share counts while only one org runs something in the band or could, above 0 and up to 1. Below 1
   * nobody gains the whole band by marking everything urgent.
   */
  readonly loneOrgPart: number;
}

export const standardBands: readonly BandRule[] = [
  { name: "urgent", weight: 50, loneOrgPart: 0.5 },
  { name: "high", weight: 30, loneOrgPart: 1 },
  { name: "normal", weight: 15, loneOrgPart: 1 },
  { name: "low", weight: 5, loneOrgPart: 1 },
];
