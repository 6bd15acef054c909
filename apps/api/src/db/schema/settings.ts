import { sqliteTable, text } from "drizzle-orm/sqlite-core";

/** What the operator decided for the whole platform. */
export const platformSettings = sqliteTable("platform_settings", {
  key: text().primaryKey(),
  value: text({ mode: "json" }).$type<unknown>().notNull(),
});
