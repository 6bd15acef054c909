import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { createClient, type InValue, type Transaction } from "@libsql/client";
import * as z from "zod";

const pageRows = 500;
const schemaSchema = z.array(z.object({ type: z.string(), name: z.string(), sql: z.string() }));

/**
 * Reads a whole database from a libSQL server into a new file, in one read transaction, so that it is of one moment. For one of
 * a size that this is too slow for, its provider's backups are the way.
 */
export async function dumpServer({ url, token }: { url: string; token: string | null }, target: string): Promise<void> {
  const client = createClient({ url, ...(token === null ? {} : { authToken: token }) });
  const file = new DatabaseSync(target);
  try {
    file.exec("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; BEGIN");
    const transaction = await client.transaction("read");
    try {
      const master = await transaction.execute(
        "select type, name, sql from sqlite_master where sql is not null and name not like 'sqlite_%' order by type <> 'table', rowid",
      );
      const schema = schemaSchema.parse(master.rows);
      for (const { type, sql } of schema) if (type === "table") file.exec(sql);
      for (const { type, name, sql } of schema) {
        if (type === "table") await copyTable({ from: transaction, to: file }, name, orderOf(sql));
      }
      // Indexes and triggers afterwards: a trigger must not act on what is only copied.
      for (const { type, sql } of schema) if (type !== "table") file.exec(sql);
    } finally {
      transaction.close();
    }
    file.exec("COMMIT");
  } finally {
    file.close();
    client.close();
  }
}

/** The order of insertion, which the audit's waiting entries are chained in, where a table has one. */
function orderOf(sql: string): "rowid" | "1" {
  return /without\s+rowid/i.test(sql) ? "1" : "rowid";
}

async function copyTable(
  { from, to }: { from: Transaction; to: DatabaseSync },
  name: string,
  order: "rowid" | "1",
): Promise<void> {
  const table = `"${name.replaceAll('"', '""')}"`;
  for (let offset = 0; ; offset += pageRows) {
    const page = await from.execute(`select * from ${table} order by ${order} limit ${pageRows} offset ${offset}`);
    const insert = `insert into ${table} values (${page.columns.map(() => "?").join(", ")})`;
    const statement = page.rows.length > 0 ? to.prepare(insert) : null;
    for (const row of page.rows) statement?.run(...page.columns.map((_, index) => toInput(row[index] ?? null)));
    if (page.rows.length < pageRows) return;
  }
}

function toInput(value: InValue): SQLInputValue {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (typeof value === "boolean" || value instanceof Date) throw new TypeError("SQLite has no such value");
  return value;
}
