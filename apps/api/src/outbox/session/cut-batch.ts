import type { OutboxEntry } from "@quarterdeck/core/protocol/relay-api";

/** The most entries of one request, and about the most characters of them. */
export const batchLimits = { entries: 100, characters: 512 * 1024 } as const;

const frameCharacters = 200;

function lengthOf(entry: OutboxEntry): number {
  const sealed = entry.kind === "command" ? (entry.sealed?.length ?? 0) : 0;
  return frameCharacters + ("signed" in entry ? entry.signed.length + sealed : 0);
}

/** As many of the entries, from the first on, as one request carries: at least one. */
export function cutBatch(entries: readonly OutboxEntry[]): OutboxEntry[] {
  let characters = 0;
  const end = entries.findIndex((entry, index) => {
    characters += lengthOf(entry);
    return index > 0 && (index >= batchLimits.entries || characters > batchLimits.characters);
  });
  return entries.slice(0, end === -1 ? entries.length : end);
}
