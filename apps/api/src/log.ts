import { pino, type DestinationStream, type Logger } from "pino";
import type { Env } from "./env.ts";

export type Log = Logger;

/** JSON lines to stderr. Nothing that a client sent is logged but ids: no input, no header, no query string. */
export function createLog(
  level: Env["logLevel"],
  destination: DestinationStream = pino.destination({ fd: 2, sync: true }),
): Log {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}
