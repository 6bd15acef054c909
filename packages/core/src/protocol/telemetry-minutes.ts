import * as z from "zod";
import { idSchema } from "../ids.ts";
import { minuteMs } from "../units.ts";
import { mostProjects } from "./workspace-readings.ts";

const whole = z.int().min(0);
/** Sums may be too large to be exact; they are never below zero. */
const sum = z.number().min(0);

/** What a workspace or a project used in a minute: sums of its readings, and the most that one said. */
const usageTotals = {
  readings: z.int().min(1),
  cpuSum: sum,
  cpuMax: whole,
  memorySum: sum,
  memoryMax: whole,
  /** Null: not measured. */
  diskMax: whole.nullable(),
  runsMax: whole,
  /** The readings that said something of pressure, and their sums in hundredths of a percent. */
  pressureReadings: whole,
  pressureCpuSum: sum,
  pressureMemorySum: sum,
  pressureIoSum: sum,
};

/** Bytes that passed in `networkMs`, as far as the counters tell. */
const networkTotals = { receivedSum: sum, sentSum: sum, networkMs: whole };

/** Of a workspace or a project whose traffic cannot be told from that of others, nothing is said of it. */
export const usageTotalsSchema = z.strictObject({
  ...usageTotals,
  receivedSum: sum.exactOptional(),
  sentSum: sum.exactOptional(),
  networkMs: whole.exactOptional(),
});
export type UsageTotals = z.infer<typeof usageTotalsSchema>;

/** What a server used in a minute. */
export const serverTotalsSchema = z.strictObject({
  ...usageTotals,
  cpuCapacity: whole,
  memoryTotal: whole,
  diskTotal: whole,
  /** In hundredths. */
  loadSum: sum,
  ...networkTotals,
});
export type ServerTotals = z.infer<typeof serverTotalsSchema>;

const mostMinutes = 60;
const mostWorkspaces = 256;

/** A minute of a server, by its own clock, and of what it counted in it. */
export const telemetryMinuteSchema = z.strictObject({
  atMs: z.int().multipleOf(minuteMs),
  server: serverTotalsSchema,
  workspaces: z
    .array(
      z.strictObject({
        workspaceId: idSchema("workspace"),
        usage: usageTotalsSchema,
        /** Each with the end of its id (PROTOCOL 11.8). */
        projects: z.array(z.strictObject({ project: z.string().max(16), usage: usageTotalsSchema })).max(mostProjects),
      }),
    )
    .max(mostWorkspaces),
});
export type TelemetryMinute = z.infer<typeof telemetryMinuteSchema>;

/**
 * Body of `POST /relay/telemetry`: whole minutes, oldest first. Between `sinceMs` and the first of them the relay has no other
 * (PROTOCOL 11.12).
 */
export const telemetryBatchSchema = z.strictObject({
  serverId: idSchema("server"),
  sinceMs: z.int(),
  minutes: z.array(telemetryMinuteSchema).min(1).max(mostMinutes),
});
export type TelemetryBatch = z.infer<typeof telemetryBatchSchema>;

/** Its answer: whether it was taken. If not, the API has nothing since `heldMs`, and wants that first. */
export const telemetryAnswerSchema = z.strictObject({ isTaken: z.boolean(), heldMs: z.int() });
export type TelemetryAnswer = z.infer<typeof telemetryAnswerSchema>;
