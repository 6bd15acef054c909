import type { OrgId } from "@quarterdeck/core/ids";
import { sql } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { keyOf, orgTables, type OrgTable } from "./org-tables.ts";

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

async function* pagesOf(db: Database, table: OrgTable, orgId: OrgId): AsyncGenerator<Row[]> {
  const { isOf, omits, adds, key } = table;
  const added = Object.entries(adds).map(([name, value]) => sql`, ${value} as ${sql.identifier(name)}`);
  const places = key.map((column, index) => sql`, ${keyOf({ key: [column] })} as ${sql.identifier(placeName(index))}`);
  let last: Row | undefined;
  for (;;) {
    const after = key.map((_, index) => sql`${last?.[placeName(index)]}`);
    const behind = last === undefined ? sql`` : sql`and (${keyOf(table)}) > (${sql.join(after, sql`, `)})`;
    const page: Row[] = await db.all(
      sql`select * ${sql.join([...added, ...places], sql``)} from ${sql.identifier(table.table)}
        where ${isOf(orgId)} ${behind} order by ${keyOf(table)} limit ${pageRows}`,
    );
    const isHidden = (name: string) => omits.includes(name) || key.some((_, index) => placeName(index) === name);
    yield page.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !isHidden(name))));
    if (page.length < pageRows) return;
    last = page.at(-1);
  }
}

/** Under what name a row says where it stands. */
function placeName(index: number): string {
  return `#${index}`;
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
