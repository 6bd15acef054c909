import { idSchema } from "@quarterdeck/core/ids";
import { dayMs, hourMs, minuteMs } from "@quarterdeck/core/units";
import * as z from "zod";

export const telemetryNodeIdSchema = z.union([idSchema("server"), idSchema("workspace"), idSchema("project")]);
export type TelemetryNodeId = z.infer<typeof telemetryNodeIdSchema>;

/** How much of the past is asked for. */
export const historySpans = ["hour", "day", "month", "year"] as const;
export type HistorySpan = (typeof historySpans)[number];

/** How long a span is, and how far apart its points are. */
export const spanRules: Readonly<Record<HistorySpan, { readonly lengthMs: number; readonly stepMs: number }>> = {
  hour: { lengthMs: hourMs, stepMs: minuteMs },
  day: { lengthMs: dayMs, stepMs: minuteMs },
  month: { lengthMs: 31 * dayMs, stepMs: 15 * minuteMs },
  year: { lengthMs: 366 * dayMs, stepMs: dayMs },
};

const column = z.array(z.number());
/** Null where nobody knows. */
const sparseColumn = z.array(z.number().nullable());

/** The points of a span in the order of time, column by column. A step without readings has no point: it is a gap. */
export const telemetryHistorySchema = z.strictObject({
  fromMs: z.int(),
  toMs: z.int(),
  stepMs: z.int(),
  /** When each step begins. */
  atMs: z.array(z.int()),
  /** Means of the step, and the most of a reading. Cpu in millicores, pressure in hundredths of a percent, network in bytes per second. */
  cpu: column,
  cpuMax: column,
  memory: column,
  memoryMax: column,
  disk: sparseColumn,
  runsMax: column,
  load: sparseColumn,
  received: sparseColumn,
  sent: sparseColumn,
  pressureCpu: sparseColumn,
  pressureMemory: sparseColumn,
  pressureIo: sparseColumn,
  /** What the server has; null for a workspace and a project. */
  capacity: z.strictObject({ cpu: z.number(), memory: z.number(), disk: z.number() }).nullable(),
});
export type TelemetryHistory = z.infer<typeof telemetryHistorySchema>;
