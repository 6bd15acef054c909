import { limits } from "@quarterdeck/core/protocol/limits";
import type { StoredResult } from "../journal/journal.ts";

/** Room for the frame around its items. */
const envelopeBytes = 256;

/** About how large a result is on its way. */
export function resultBytes({ signed }: StoredResult): number {
  return signed.length;
}

/** Splits results into frames that are as large as they may be, in order. */
export function* splitResults(results: readonly StoredResult[]): Generator<StoredResult[]> {
  let items: StoredResult[] = [];
  let bytes = envelopeBytes;
  for (const result of results) {
    const size = Buffer.byteLength(JSON.stringify(result)) + 1;
    if (items.length > 0 && (bytes + size > limits.frameBytes || items.length >= limits.resultsInFlight)) {
      yield items;
      items = [];
      bytes = envelopeBytes;
    }
    items.push(result);
    bytes += size;
  }
  if (items.length > 0) yield items;
}
