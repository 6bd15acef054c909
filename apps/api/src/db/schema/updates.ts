import type { CommandId, OrgId, RolloutId, RunId, ServerId, TaskId, UserId } from "@quarterdeck/core/ids";
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { RolloutState, UpdateState } from "../../updates/views.ts";
import { users } from "./accounts.ts";
import { orgs } from "./orgs.ts";
import { servers } from "./servers.ts";

/** A version of the bridge on its way to servers: one first, then the rest in small groups. */
export const rollouts = sqliteTable(
  "rollouts",
  {
    rolloutId: text().$type<RolloutId>().primaryKey(),
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    version: text().notNull(),
    manifestHash: text().notNull(),
    /** Also where this package has failed before. */
    triesAgain: integer({ mode: "boolean" }).notNull(),
    state: text().$type<RolloutState>().notNull(),
    /** Why it was stopped. */
    reason: text(),
    startedBy: text()
      .$type<UserId>()
      .notNull()
      .references(() => users.userId),
    startedAtMs: integer().notNull(),
    endedAtMs: integer(),
  },
  (table) => [
    index("rollouts_by_org").on(table.orgId, table.rolloutId), // the newest
    index("rollouts_by_state").on(table.state), // the driver's look for work
  ],
);

/** The update of one server in a rollout. */
export const bridgeUpdates = sqliteTable(
  "bridge_updates",
  {
    rolloutId: text()
      .$type<RolloutId>()
      .notNull()
      .references(() => rollouts.rolloutId),
    serverId: text()
      .$type<ServerId>()
      .notNull()
      .references(() => servers.serverId),
    orgId: text().$type<OrgId>().notNull(),
    /** Its turn. */
    place: integer().notNull(),
    state: text().$type<UpdateState>().notNull(),
    fromVersion: text().notNull(),
    /** The command that asked for it. */
    runId: text().$type<RunId>(),
    commandId: text().$type<CommandId>(),
    taskId: text().$type<TaskId>(),
    sentAtMs: integer(),
    /** When the server said how it ended. */
    reportedAtMs: integer(),
    changedAtMs: integer().notNull(),
    message: text(),
  },
  (table) => [
    primaryKey({ columns: [table.rolloutId, table.serverId] }),
    index("bridge_updates_by_server").on(table.serverId, table.rolloutId), // the newest of a server
    index("bridge_updates_by_run").on(table.runId), // whose result it is
  ],
);
