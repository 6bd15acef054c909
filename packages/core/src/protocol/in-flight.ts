/** Numbered items that went out together and are not acknowledged: the newest number, and about how many bytes. */
export interface Flight {
  readonly through: number;
  readonly bytes: number;
}

/** What is still on the way once everything up to `acknowledged` has arrived. Flights are in their order. */
export function stillInFlight(flights: readonly Flight[], acknowledged: number): readonly Flight[] {
  const first = flights.findIndex(({ through }) => through > acknowledged);
  return first === -1 ? [] : flights.slice(first);
}

export function bytesInFlight(flights: readonly Flight[]): number {
  return flights.reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * The first items that may go out (PROTOCOL 4.8): as long as there is room for a byte the next one goes, however large it
 * is, so that nothing waits for ever. The window is passed by less than one item.
 *
 * @param roomBytes what may still be on the way
 */
export function takeFitting<Item>(
  items: readonly Item[],
  roomBytes: number,
  sizeOf: (item: Item) => number,
): readonly Item[] {
  let left = roomBytes;
  const end = items.findIndex((item) => {
    if (left <= 0) return true;
    left -= sizeOf(item);
    return false;
  });
  return end === -1 ? items : items.slice(0, end);
}
