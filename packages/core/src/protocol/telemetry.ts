import * as z from "zod";

const bytes = z.int().min(0);

/** One telemetry reading of a server. Network counters are cumulative since boot, so a lost sample loses no total. */
export const sampleSchema = z.strictObject({
  atMs: z.int(),
  /** Millicores in use since the sample before, of `cpuCapacity` millicores. */
  cpu: z.int().min(0),
  cpuCapacity: z.int().min(0),
  memoryUsed: bytes,
  memoryTotal: bytes,
  diskUsed: bytes,
  diskTotal: bytes,
  networkReceived: bytes,
  networkSent: bytes,
  load1: z.number().min(0),
  runs: z.int().min(0),
});

export type Sample = z.infer<typeof sampleSchema>;

/** Why readings that were taken are gone: they were too many, too old, or could not be read again from the disk. */
export const telemetryGapReasons = ["tooMany", "tooOld", "damaged"] as const;

/** A time whose readings are lost for good, by the bridge's clock. */
export const telemetryGapSchema = z.strictObject({
  fromMs: z.int(),
  toMs: z.int(),
  reason: z.enum(telemetryGapReasons),
});

export type TelemetryGap = z.infer<typeof telemetryGapSchema>;
