import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { migrate } from "./migrations.ts";
import type { Row, Sql } from "./sql.ts";

/** A storage as it is after `migrate`: what it is made of, and what is in it. */
function migrated(prepare: (database: DatabaseSync) => void) {
  const database = new DatabaseSync(":memory:");
  prepare(database);
  const sql: Sql = {
    exec: (query, ...bindings) => {
      const rows = database.prepare(query).all(...(bindings as string[])) as Row[];
      return { toArray: () => rows };
    },
  };
  migrate(sql);
  const made = database.prepare("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").all();
  return {
    schema: made.map(({ type, name, sql: text }) => [type, name, typeof text === "string" ? squeeze(text) : text]),
    server: database.prepare("SELECT * FROM server").all(),
    version: database.prepare("SELECT version FROM schema_version").all(),
  };
}

function squeeze(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(/\s*([(),])\s*/g, "$1");
}

test("a storage that is new has what one has that went through every migration", () => {
  const fromTheFirst = migrated((database) => {
    database.exec("CREATE TABLE schema_version (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL)");
    database.exec("INSERT INTO schema_version VALUES (1, 0)");
  });
  const asNew = migrated(() => undefined);
  expect(asNew.schema.length).toBeGreaterThan(10);
  expect({ ...asNew, schema: asNew.schema.filter(([, name]) => name !== "schema_version") }).toEqual({
    ...fromTheFirst,
    schema: fromTheFirst.schema.filter(([, name]) => name !== "schema_version"),
  });
});
