/** A chart shows this much at least, so that the first samples are not torn apart. */
const leastSeconds = 10;

/** The time axis: it begins at the first sample and moves on when the window is full. */
export function timeRange(first: number | null, last: number | null, windowSeconds: number): [number, number] {
  const end = last ?? 0;
  const start = Math.max(first ?? end, end - windowSeconds);
  return [Math.min(start, end - leastSeconds), end];
}

/** The top of a scale of bytes that all values fit below: 1, 2 or 5 times a round number, and half of it is round too. */
export function roundTop(value: number, least: number): number {
  let unit = least;
  while (value > unit * 1024) unit *= 1024;
  for (const step of [1, 2, 5, 10, 20, 50, 100, 200, 500, 1024]) if (value <= unit * step) return unit * step;
  return value;
}
