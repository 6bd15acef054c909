import type { RunId } from "@quarterdeck/core/ids";

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** When an id was made, in milliseconds since 1970: its first ten characters say so. */
export function idTimeMs(id: RunId): number {
  let timeMs = 0;
  for (const character of id.slice(4, 14)) timeMs = timeMs * 32 + alphabet.indexOf(character);
  return timeMs;
}
