import { secondMs } from "../units.ts";

const narrowestMs = 2 * secondMs;
const widestMs = 30 * secondMs;
/** The time that each server adds: 10,000 of them come back in half a minute, some 330 a second. */
const perServerMs = 3;

/**
 * Over how long the bridges of a platform spread their return after a cut (PROTOCOL 5.3): so that few users never wait, and
 * many are no storm. In whole seconds, so that it seldom changes.
 */
export function fleetSpreadMs(servers: number): number {
  const neededMs = Math.ceil((servers * perServerMs) / secondMs) * secondMs;
  return Math.max(narrowestMs, Math.min(widestMs, neededMs));
}
