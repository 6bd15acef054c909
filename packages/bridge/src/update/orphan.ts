import { readFileSync } from "node:fs";
import * as z from "zod";
import type { DataDirectory } from "../data-directory.ts";
import { writeWhole } from "../durable-file.ts";
import { bootId, processStartTicks, signalProcess } from "../wrapper/processes.ts";

const childSchema = z.object({ pid: z.int(), startTicks: z.string(), bootId: z.string() });

/** Remembers which bridge a launcher started. */
export function rememberChild(data: DataDirectory, pid: number): void {
  const startTicks = processStartTicks(pid);
  if (startTicks !== undefined) writeWhole(data.childFile, JSON.stringify({ pid, startTicks, bootId: bootId() }));
}

/**
 * Ends the bridge of a launcher that was killed. It ends by itself when it notices, but one that hangs would keep every
 * other from starting.
 */
export function endOrphan(data: DataDirectory): void {
  let child: z.infer<typeof childSchema> | undefined;
  try {
    child = childSchema.safeParse(JSON.parse(readFileSync(data.childFile, "utf8"))).data;
  } catch {
    return; // No bridge has run here yet.
  }
  if (child?.bootId === bootId() && processStartTicks(child.pid) === child.startTicks)
    signalProcess(child.pid, "SIGKILL");
}
