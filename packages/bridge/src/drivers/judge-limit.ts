/** How far below what was wanted a limit may be and still be it: the kernel counts memory in pages and cpu in microseconds. */
interface Tolerance {
  readonly below: number;
  /** A limit around this one that is lower holds instead. */
  readonly ceiling?: number | null;
}

export const memoryPageBytes = 4096;

/**
 * Whether a limit that was read is the one that was wanted: never higher, and lower only by what the kernel rounds off or
 * because a group around it allows no more.
 */
export function isLimitAsWanted(
  wanted: number | null,
  actual: number | null | undefined,
  { below, ceiling = null }: Tolerance,
): boolean {
  // Where a controller is off there is no file, and no limit.
  if (wanted === null) return (actual ?? null) === null;
  if (actual === null || actual === undefined) return false;
  return actual <= wanted && actual > Math.min(wanted, ceiling ?? wanted) - Math.max(1, below);
}
