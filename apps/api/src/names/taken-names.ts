import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { and, eq, or, sql, type SQL } from "drizzle-orm";
import type { SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Database } from "../db/database.ts";
import { nameKeys } from "./name-keys.ts";

/** Something of which no two in one scope may have names that are alike. */
export type NamedTable = SQLiteTable & { name: SQLiteColumn; nameKey: SQLiteColumn; nameLook: SQLiteColumn };

interface NameWish {
  readonly table: NamedTable;
  readonly name: string;
  /** Beside which others the name stands. */
  readonly among: SQL | undefined;
}

/** Whether nothing there has a name that somebody could take for this one. */
export function isNameFree({ table, name, among }: NameWish): SQL {
  return sql`not exists (select 1 from ${table} where ${and(among, isAlike(table, name))})`;
}

/** Why a name was refused: what has it, or has one that looks like it. Null: nothing has. */
export async function whyNameTaken(db: Database, wish: NameWish, what: string): Promise<QuarterdeckError | null> {
  const { table, name, among } = wish;
  const [row] = await db.all<{ name: string }>(
    sql`select ${table.name} as name from ${table} where ${and(among, isAlike(table, name))} limit 1`,
  );
  if (row === undefined) return null;
  const message =
    row.name === name
      ? `There is a ${what} named "${name}" already. Choose another name.`
      : `"${name}" could be taken for "${row.name}", a ${what} that is there already. Choose a name that looks different.`;
  return new QuarterdeckError("NAME_TAKEN", message);
}

function isAlike(table: NamedTable, name: string): SQL | undefined {
  const { nameKey, nameLook } = nameKeys(name);
  return or(eq(table.name, name), eq(table.nameKey, nameKey), eq(table.nameLook, nameLook));
}
