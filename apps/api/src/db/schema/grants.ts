import type { OrgId, ProjectId, UserId, WorkspaceId } from "@quarterdeck/core/ids";
import { foreignKey, index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Role } from "../../auth/permissions.ts";
import { members } from "./accounts.ts";
import { projects, workspaces } from "./projects.ts";

/** What members are on single workspaces and projects, beside what they are on the org. */
export const grants = sqliteTable(
  "grants",
  {
    orgId: text().$type<OrgId>().notNull(),
    userId: text().$type<UserId>().notNull(),
    /** The project, or else the workspace. */
    placeId: text().$type<WorkspaceId | ProjectId>().notNull(),
    workspaceId: text()
      .$type<WorkspaceId>()
      .notNull()
      .references(() => workspaces.workspaceId),
    projectId: text()
      .$type<ProjectId>()
      .references(() => projects.projectId),
    role: text().$type<Role>().notNull(),
    createdAtMs: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.orgId, table.userId, table.placeId] }),
    foreignKey({ columns: [table.orgId, table.userId], foreignColumns: [members.orgId, members.userId] }).onDelete(
      "cascade",
    ),
    index("grants_by_place").on(table.placeId), // who has something to do with a place
  ],
);
