/** A difference below this is the resolution of the Date header and the way there and back, not a wrong clock. */
const toleratedMs = 2000;

let offsetMs = 0;

/** Learns from an answer's Date header how far the platform's clock is from this machine's. */
export function learnServerTime(dateHeader: string | null, nowMs: number): void {
  const atMs = dateHeader === null ? Number.NaN : Date.parse(dateHeader);
  if (Number.isNaN(atMs)) return;
  const differenceMs = atMs - nowMs;
  offsetMs = Math.abs(differenceMs) > toleratedMs ? differenceMs : 0;
}

/** The platform's time, for comparing with the times that it recorded. */
export function serverNowMs(nowMs: number): number {
  return nowMs + offsetMs;
}
