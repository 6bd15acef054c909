/** So many heartbeats may pass in which nothing is heard (PROTOCOL 5.2). */
const silentIntervals = 2;

interface Silence {
  /** When anything was heard last, on a clock that only goes forward. */
  readonly heardAtMs: number;
  readonly nowMs: number;
  readonly heartbeatMs: number;
}

/** How much longer the relay may be silent; at zero or less it is given up. */
export function silenceLeftMs({ heardAtMs, nowMs, heartbeatMs }: Silence): number {
  return heardAtMs + silentIntervals * heartbeatMs - nowMs;
}
