import { DatabaseSync, type StatementSync } from "node:sqlite";
import { migrate } from "../src/storage/migrations.ts";
import type { Row, Sql } from "../src/storage/sql.ts";

/** The storage of an object that has just been made, outside of the runtime. */
export function openMemorySql(): Sql {
  const database = new DatabaseSync(":memory:");
  const prepared = new Map<string, StatementSync>();
  const sql: Sql = {
    exec: (query, ...bindings) => {
      const statement = prepared.get(query) ?? database.prepare(query);
      prepared.set(query, statement);
      const rows = statement.all(...(bindings as string[])) as Row[];
      return { toArray: () => rows };
    },
  };
  migrate(sql);
  return sql;
}
