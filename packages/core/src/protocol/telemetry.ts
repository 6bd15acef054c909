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
