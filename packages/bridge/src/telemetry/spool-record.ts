import { crc32 } from "node:zlib";
import { sampleSchema, telemetryGapSchema, type Sample, type TelemetryGap } from "@quarterdeck/core/protocol/telemetry";
import { workspaceGroupSchema, type WorkspaceGroup } from "@quarterdeck/core/protocol/workspace-readings";
import * as z from "zod";

/** One thing that the spool keeps for the relay: a reading, or the news that readings are gone. */
export type SpoolRecord =
  | { readonly kind: "sample"; readonly sample: Sample; readonly workspaces?: WorkspaceGroup[] | undefined }
  | { readonly kind: "gap"; readonly gap: TelemetryGap };

const recordSchema: z.ZodType<SpoolRecord> = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("sample"),
    sample: sampleSchema,
    /** In the form that takes least; left out where there are none. */
    workspaces: z.array(workspaceGroupSchema).optional(),
  }),
  z.strictObject({ kind: z.literal("gap"), gap: telemetryGapSchema }),
]);

/** When a record was made, or what it says ended: by the bridge's clock. */
export function recordMs(record: SpoolRecord): number {
  return record.kind === "sample" ? record.sample.atMs : record.gap.toMs;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}

/** A record as one line with its checksum. */
export function encodeRecord(record: SpoolRecord): string {
  const text = JSON.stringify(record);
  return `${checksum(text)} ${text}\n`;
}

/**
 * Reads what `encodeRecord` wrote, line by line. A line whose checksum fails is `"damaged"`; one that was cut off at the end
 * of the file is left out, and harms nothing before it.
 */
export function decodeRecords(text: string): (SpoolRecord | "damaged")[] {
  return text.split("\n").slice(0, -1).map(decodeRecord);
}

function decodeRecord(line: string): SpoolRecord | "damaged" {
  const body = line.slice(9);
  if (line.slice(0, 9) !== `${checksum(body)} `) return "damaged";
  try {
    return recordSchema.safeParse(JSON.parse(body)).data ?? "damaged";
  } catch {
    return "damaged";
  }
}
