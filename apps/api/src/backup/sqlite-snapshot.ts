import { DatabaseSync } from "node:sqlite";
import * as z from "zod";

const busyMs = 10_000;
const tablesSchema = z.array(z.object({ name: z.string() }));

/**
 * Writes one moment of a database to a new file, while others write to it: a snapshot of SQLite's, in which each of their
 * transactions is whole or not at all. They are not held up by it.
 */
export function snapshotSqlite(source: string, target: string): void {
  const database = new DatabaseSync(source, { timeout: busyMs });
  try {
    database.prepare("VACUUM INTO ?").run(target);
  } finally {
    database.close();
  }
}

/** What is wrong with a database, in SQLite's words; null for nothing. */
export function findDamage(path: string): string | null {
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      const checks = [
        ...database.prepare("PRAGMA integrity_check(5)").all(),
        ...database.prepare("PRAGMA foreign_key_check").all(),
      ];
      const found = checks.map((row) => JSON.stringify(row)).filter((row) => row !== '{"integrity_check":"ok"}');
      return found.length === 0 ? null : found.slice(0, 5).join(", ");
    } finally {
      database.close();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** How many rows each table has. */
export function countRows(path: string): Record<string, number> {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const listed = database.prepare("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'");
    const tables = tablesSchema.parse(listed.all());
    return Object.fromEntries(
      tables.map(({ name }) => {
        const row = database.prepare(`select count(*) as rows from "${name.replaceAll('"', '""')}"`).get();
        return [name, z.object({ rows: z.int() }).parse(row).rows];
      }),
    );
  } finally {
    database.close();
  }
}
