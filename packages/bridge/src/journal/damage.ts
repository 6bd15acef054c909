import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import type { JournalSteps } from "./schema.ts";

/** Tables whose rows carry a checksum that is checked when the journal is opened, and what it is over. */
const checkedColumns = {
  meta: ["name", "value"],
  results: ["seq", "command_id", "is_final", "signed", "signature"],
  tombstones: ["run_id", "forget_at_ms"],
} as const;

type Cell = string | number;

/** SHA-256 over the values of a row, in the order of `checkedColumns`. */
export function rowChecksum(...cells: readonly Cell[]): string {
  return createHash("sha256").update(JSON.stringify(cells)).digest("base64url");
}

/** The schema itself lies in the file too. */
function schemaOf(database: DatabaseSync): string {
  return JSON.stringify(database.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name").all());
}

function expectedSchema(steps: JournalSteps): string {
  const fresh = new DatabaseSync(":memory:");
  try {
    for (const step of steps) fresh.exec(step);
    return schemaOf(fresh);
  } finally {
    fresh.close();
  }
}

/** Whether the tables are those that the steps make. */
export function hasTablesOf(database: DatabaseSync, steps: JournalSteps): boolean {
  return schemaOf(database) === expectedSchema(steps);
}

/** Looks at every row of the checked tables. @returns what is wrong with the first that is damaged */
export function findDamage(database: DatabaseSync): string | undefined {
  for (const [table, columns] of Object.entries(checkedColumns)) {
    for (const row of database.prepare(`SELECT * FROM ${table}`).all()) {
      const cells = columns.map((column) => row[column] as Cell);
      if (row["checksum"] !== rowChecksum(...cells)) return `a row of ${table} is not what was written`;
    }
  }
  const results = database.prepare("SELECT count(*) AS n, min(seq) AS first, max(seq) AS last FROM results").get();
  const last = database.prepare("SELECT value FROM meta WHERE name = 'lastResult'").get()?.["value"];
  const count = Number(results?.["n"]);
  if (
    count > 0 &&
    (Number(results?.["last"]) !== Number(last) || Number(results?.["first"]) !== Number(last) - count + 1)
  )
    return "results are missing";
  return undefined;
}
