import type { OrgId } from "@quarterdeck/core/ids";
import { index, integer, primaryKey, real, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TelemetryNodeId } from "../../telemetry/views.ts";
import { orgs } from "./orgs.ts";

/** Servers, workspaces and projects of which there is a history, each with a short key for its many rows. */
export const telemetryNodes = sqliteTable(
  "telemetry_nodes",
  {
    nodeKey: integer().primaryKey(),
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    nodeId: text().$type<TelemetryNodeId>().notNull().unique(),
    /** The oldest minute that changed since the last roll-up; null when none did. */
    changedFromMs: integer(),
  },
  (table) => [index("telemetry_nodes_changed").on(table.changedFromMs)], // the roll-up's look for work
);

/** What a node used in a minute, a quarter of an hour or a day: sums, and the most that one reading said. */
export const telemetryPoints = sqliteTable(
  "telemetry_points",
  {
    nodeKey: integer()
      .notNull()
      .references(() => telemetryNodes.nodeKey),
    stepMs: integer().notNull(),
    atMs: integer().notNull(),
    readings: integer().notNull(),
    cpuSum: real().notNull(),
    cpuMax: integer().notNull(),
    memorySum: real().notNull(),
    memoryMax: integer().notNull(),
    diskMax: integer(),
    runsMax: integer().notNull(),
    pressureReadings: integer().notNull(),
    pressureCpuSum: real().notNull(),
    pressureMemorySum: real().notNull(),
    pressureIoSum: real().notNull(),
    /** Of servers only, from here on. */
    cpuCapacity: integer(),
    memoryTotal: integer(),
    diskTotal: integer(),
    loadSum: real(),
    receivedSum: real(),
    sentSum: real(),
    networkMs: integer(),
  },
  (table) => [primaryKey({ columns: [table.nodeKey, table.stepMs, table.atMs] })],
);
