import { readFileSync } from "node:fs";
import * as z from "zod";
import { writeWhole } from "../durable-file.ts";

const fileSchema = z.strictObject({ bootId: z.string(), connectedAtMs: z.number().min(0) });

/**
 * When, on the machine's own clock, a bridge here had its connection last. Undefined where nothing says so for this boot; what
 * ran in an earlier one has ended.
 */
export function readConnectedAt(path: string, bootId: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined; // No bridge here has had a run that needs it.
  }
  try {
    const held = fileSchema.parse(JSON.parse(text));
    return held.bootId === bootId ? held.connectedAtMs : undefined;
  } catch {
    return 0; // It was there and is damaged: nobody knows, so the whole boot counts.
  }
}

export function writeConnectedAt(path: string, held: z.infer<typeof fileSchema>): void {
  writeWhole(path, JSON.stringify(held));
}
