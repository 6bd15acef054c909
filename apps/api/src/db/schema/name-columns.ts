import { text } from "drizzle-orm/sqlite-core";

/** What stands for a name where no two may be alike (`nameKeys`). */
export function nameColumns() {
  return { nameKey: text(), nameLook: text() };
}
