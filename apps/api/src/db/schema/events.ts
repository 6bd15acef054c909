import type { OrgId } from "@quarterdeck/core/ids";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { ChangeKind } from "../../events/views.ts";

/** What one replica must do alone: who does it, until when, and the number that fences whoever did it before. */
export const claims = sqliteTable("claims", {
  name: text().primaryKey(),
  holder: text().notNull(),
  fence: integer().notNull(),
  expiresAtMs: integer().notNull(),
});

/** What changed, for open consoles. Old rows are deleted. */
export const events = sqliteTable(
  "events",
  {
    eventId: integer().primaryKey({ autoIncrement: true }),
    orgId: text().$type<OrgId>().notNull(),
    kind: text().$type<ChangeKind>().notNull(),
    subjectId: text().notNull(),
    atMs: integer().notNull(),
  },
  (table) => [
    index("events_by_org").on(table.orgId, table.eventId), // following
    index("events_by_time").on(table.atMs), // deleting old ones
  ],
);
