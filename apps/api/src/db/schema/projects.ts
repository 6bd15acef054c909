import type { OrgId, ProjectId, RunId, ServerId, TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import type { ProjectPrograms } from "@quarterdeck/core/programs/project-programs";
import { defaultArchivesKept } from "@quarterdeck/core/protocol/archive-report";
import type { ArchivedProject } from "@quarterdeck/core/protocol/archive-report";
import type { LifecycleState } from "@quarterdeck/core/quota/lifecycle";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { Removal } from "../../archives/views.ts";
import type { ProjectNetwork, ProjectState, StoredRepository, TestCommand } from "../../projects/views.ts";
import { nameColumns } from "./name-columns.ts";
import { orgs } from "./orgs.ts";
import { servers } from "./servers.ts";

export const workspaces = sqliteTable(
  "workspaces",
  {
    workspaceId: text().$type<WorkspaceId>().primaryKey(),
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    name: text().notNull(),
    serverId: text()
      .$type<ServerId>()
      .notNull()
      .references(() => servers.serverId),
    /** How many archives of it as a whole are kept. */
    archivesKept: integer().notNull().default(defaultArchivesKept),
    createdAtMs: integer().notNull(),
    ...nameColumns(),
  },
  (table) => [
    uniqueIndex("workspaces_by_name").on(table.orgId, table.name),
    uniqueIndex("workspaces_by_name_key").on(table.orgId, table.nameKey), // no two that are alike
    uniqueIndex("workspaces_by_name_look").on(table.orgId, table.nameLook),
  ],
);

export const projects = sqliteTable(
  "projects",
  {
    projectId: text().$type<ProjectId>().primaryKey(),
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    workspaceId: text()
      .$type<WorkspaceId>()
      .notNull()
      .references(() => workspaces.workspaceId),
    name: text().notNull(),
    url: text().notNull(),
    branch: text(),
    repository: text({ mode: "json" }).$type<StoredRepository>(),
    state: text().$type<ProjectState>().notNull(),
    cloneTaskId: text().$type<TaskId>().notNull(),
    cloneMessage: text(),
    testCommand: text({ mode: "json" }).$type<TestCommand>().notNull(),
    /** What its runs may reach. */
    network: text({ mode: "json" }).$type<ProjectNetwork>().notNull().default({ mode: "all", hosts: [] }),
    /** How much of its quota it has. */
    lifecycle: text().$type<LifecycleState>().notNull().default("active"),
    /** Which programs it has beyond those of every project, and whether install scripts run. */
    programs: text({ mode: "json" }).$type<ProjectPrograms>().notNull().default({ added: [], installScripts: false }),
    /** How many archives of it are kept. */
    archivesKept: integer().notNull().default(defaultArchivesKept),
    createdAtMs: integer().notNull(),
    ...nameColumns(),
  },
  (table) => [
    uniqueIndex("projects_by_name").on(table.workspaceId, table.name),
    uniqueIndex("projects_by_name_key").on(table.workspaceId, table.nameKey), // no two that are alike
    uniqueIndex("projects_by_name_look").on(table.workspaceId, table.nameLook),
  ],
);

/** Archives that servers have kept, and those that are gone. */
export const archives = sqliteTable(
  "archives",
  {
    /** The run that made it. */
    archiveId: text().$type<RunId>().primaryKey(),
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    workspaceId: text()
      .$type<WorkspaceId>()
      .notNull()
      .references(() => workspaces.workspaceId),
    /** Null: it is of the workspace as a whole. */
    projectId: text()
      .$type<ProjectId>()
      .references(() => projects.projectId),
    serverId: text()
      .$type<ServerId>()
      .notNull()
      .references(() => servers.serverId),
    taskId: text().$type<TaskId>().notNull(),
    sizeBytes: integer().notNull(),
    sha256: text().notNull(),
    /** What is in that of a workspace. */
    projects: text({ mode: "json" }).$type<readonly ArchivedProject[]>().notNull(),
    /** By the server's clock. */
    madeAtMs: integer().notNull(),
    /** The newest task that is to delete it. */
    deleteTaskId: text().$type<TaskId>(),
    /** Why it is gone. Null: it is there, as far as its server has said. */
    removal: text().$type<Removal>(),
    removedAtMs: integer(),
  },
  (table) => [
    index("archives_by_owner").on(table.workspaceId, table.projectId, table.madeAtMs), // listing
  ],
);
