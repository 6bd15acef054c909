import type { ChainHead } from "./chain.ts";

/**
 * How a head that one is told stands to the one that one holds. A chain only grows, so `older` and `different` show that
 * whoever tells it has another chain, or a word that came late.
 */
export function judgeHead(held: ChainHead | null, told: ChainHead): "newer" | "same" | "older" | "different" {
  if (held === null || told.seq > held.seq) return "newer";
  if (told.seq < held.seq) return "older";
  return told.hash === held.hash ? "same" : "different";
}
