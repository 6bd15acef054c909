import * as z from "zod";

const bytes = z.int().min(0);

const share = z.int().min(0);

/**
 * How much of the last ten seconds some process waited for a resource, in hundredths of a percent: what the kernel calls
 * `some avg10` (PSI).
 */
export const pressureSchema = z.strictObject({ cpu: share, memory: share, io: share });
export type Pressure = z.infer<typeof pressureSchema>;

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
  /** Missing where the kernel does not say. */
  pressure: pressureSchema.optional(),
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
