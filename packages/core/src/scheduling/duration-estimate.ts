/** How much a new duration counts in the mean. */
const weightOfNewest = 0.25;

/**
 * The mean duration of what ran so far, in milliseconds, in which older runs count less and less: an exponentially weighted
 * moving average with a weight of 1/4 for the newest.
 *
 * @param meanMs the mean until now, or `null` before the first run
 */
export function nextMeanMs(meanMs: number | null, durationMs: number): number {
  return meanMs === null ? durationMs : meanMs + weightOfNewest * (durationMs - meanMs);
}
