import { readFileSync, renameSync, writeFileSync } from "node:fs";
import * as z from "zod";
import type { DataDirectory } from "./data-directory.ts";
import { errorMessage, type Log } from "./log.ts";

const stateSchema = z.object({
  pid: z.int(),
  state: z.enum(["online", "offline", "stopped"]),
  detail: z.string(),
  sinceMs: z.int(),
});
/** How a running bridge is doing, for `quarterdeck-bridge status`. Worth nothing once its process is gone. */
export type BridgeState = z.infer<typeof stateSchema>;

/** A disk that does not take it is no reason to end: nothing but that command needs it. */
export function writeBridgeState(data: DataDirectory, state: BridgeState, log: Log): void {
  const unfinished = `${data.stateFile}.tmp`;
  try {
    writeFileSync(unfinished, JSON.stringify(state), { mode: 0o600 });
    renameSync(unfinished, data.stateFile);
  } catch (error) {
    log.warn("how the bridge is doing could not be written down", { reason: errorMessage(error) });
  }
}

export function readBridgeState(data: DataDirectory): BridgeState | undefined {
  try {
    return stateSchema.safeParse(JSON.parse(readFileSync(data.stateFile, "utf8"))).data;
  } catch {
    return undefined; // No bridge has run here yet.
  }
}
