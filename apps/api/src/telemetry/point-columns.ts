import type { TelemetryMinute } from "@quarterdeck/core/protocol/telemetry-minutes";
import { sql, type SQL } from "drizzle-orm";

/** The columns of a point, and how several of them make one of a longer step. */
export const pointColumns = {
  readings: "sum",
  cpuSum: "sum",
  cpuMax: "max",
  memorySum: "sum",
  memoryMax: "max",
  diskMax: "max",
  runsMax: "max",
  pressureReadings: "sum",
  pressureCpuSum: "sum",
  pressureMemorySum: "sum",
  pressureIoSum: "sum",
  cpuCapacity: "max",
  memoryTotal: "max",
  diskTotal: "max",
  loadSum: "sum",
  receivedSum: "sum",
  sentSum: "sum",
  networkMs: "sum",
} as const satisfies Partial<Record<keyof TelemetryMinute["server"], "sum" | "max">>;

export type PointColumn = keyof typeof pointColumns;
export const pointColumnNames = Object.keys(pointColumns) as PointColumn[];

function listed(write: (name: PointColumn) => string): SQL {
  return sql.raw(pointColumnNames.map(write).join(", "));
}

/** Their names, for a list of columns. */
export const columnList = listed((name) => `"${name}"`);
/** Several points of `points` as one. */
export const combined = listed((name) => `${pointColumns[name]}(points."${name}")`);
/** The new values in the place of the old ones. */
export const replaced = listed((name) => `"${name}" = excluded."${name}"`);
/** The values of a JSON object in `told.value`. */
export const fromJson = listed((name) => `json_extract(told.value, '$.${name}')`);
