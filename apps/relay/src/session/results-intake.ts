import { accept, refuse, type Result } from "@quarterdeck/core/errors/result";

/** Which of the results that came are new. */
export interface Intake<Item> {
  readonly fresh: readonly Item[];
  /** Everything up to this number is stored once `fresh` is. */
  readonly through: number;
}

/**
 * Sorts results by number into known ones (dropped, and acknowledged again) and new ones. A bridge sends in order on one
 * connection, so a hole is a mistake of the bridge and never acknowledged past.
 */
export function takeInOrder<Item extends { readonly seq: number }>(
  received: number,
  items: readonly Item[],
): Result<Intake<Item>> {
  const fresh: Item[] = [];
  let through = received;
  for (const item of items) {
    if (item.seq <= through) continue;
    if (item.seq !== through + 1) {
      return refuse("PROTOCOL_VIOLATION", `Result ${item.seq} came before result ${through + 1}.`);
    }
    fresh.push(item);
    through = item.seq;
  }
  return accept({ fresh, through });
}
