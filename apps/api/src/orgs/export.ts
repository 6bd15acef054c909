import type { OrgId } from "@quarterdeck/core/ids";
import { sql } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { orgTables, type OrgTable } from "./org-tables.ts";

export const exportFormat = "quarterdeck-org-export";
export const exportVersion = 1;

/** Rows that are read, and kept in memory, at a time. */
const pageRows = 500;

type Row = Record<string, unknown>;

/**
 * Everything that the database has of an org, without secrets and keys, as lines of JSON: what it is, a line for each row, and
 * at its end how many there are of each table. Without that last line it is not whole. Each page is read as it is then.
 *
 * @param mayGoOn asked before each page; it throws when whoever asked may not any more
 */
export async function* exportLines(
  db: Database,
  { orgId, atMs, mayGoOn }: { orgId: OrgId; atMs: number; mayGoOn: () => Promise<void> },
): AsyncGenerator<string> {
  yield line({
    format: exportFormat,
    version: exportVersion,
    orgId,
    atMs,
    tables: orgTables.map(({ table }) => table),
  });
  const counts: Record<string, number> = {};
  for (const table of orgTables) {
    counts[table.table] = 0;
    for await (const rows of pagesOf(db, table, orgId)) {
      await mayGoOn();
      counts[table.table] = (counts[table.table] ?? 0) + rows.length;
      if (rows.length > 0) yield rows.map((row) => line({ table: table.table, row })).join("");
    }
  }
  yield line({ end: true, counts });
}

async function* pagesOf(
  db: Database,
  { table, isOf, omits, adds, key }: OrgTable,
  orgId: OrgId,
): AsyncGenerator<Row[]> {
  const added = Object.entries(adds).map(([name, value]) => sql`, ${value} as ${sql.identifier(name)}`);
  let after: unknown = null;
  for (;;) {
    const behind = after === null ? sql`` : sql`and ${key} > ${after}`;
    const page: (Row & { "#": unknown })[] = await db.all(
      sql`select ${key} as "#", * ${sql.join(added, sql``)} from ${sql.identifier(table)}
        where ${isOf(orgId)} ${behind} order by ${key} limit ${pageRows}`,
    );
    yield page.map(({ "#": _, ...row }) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => !omits.includes(name))),
    );
    if (page.length < pageRows) return;
    after = page.at(-1)?.["#"];
  }
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
