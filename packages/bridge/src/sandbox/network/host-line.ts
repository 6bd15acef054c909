import type { HostLine } from "./meter-lines.ts";

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/**
 * A line of the host, as a proxy reads it. Only the host can reach the proxy's socket, and a proxy starts beside each run, so it does
 * without a library of schemas.
 *
 * @throws TypeError when it is none
 */
export function readHostLine(line: unknown): HostLine {
  const { told, isLimited, share, grant, bytes } = Object(line) as Partial<Record<string, unknown>>;
  if (isCount(grant) && isCount(bytes) && bytes > 0) return { grant, bytes };
  if (isCount(told) && typeof isLimited === "boolean" && (share === null || isCount(share)))
    return { told, isLimited, share };
  throw new TypeError("this is no word of a host");
}
