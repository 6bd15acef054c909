import { readFileSync } from "node:fs";

/**
 * How long this machine has been up, in milliseconds: a clock that nobody sets, that all processes of a boot share, and that
 * goes on while the machine sleeps.
 */
export function readUptimeMs(): number {
  const seconds = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  if (!Number.isFinite(seconds)) throw new Error("/proc/uptime does not say how long this machine has been up");
  return seconds * 1000;
}
