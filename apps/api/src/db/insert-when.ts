import { getTableColumns, Param, sql, type InferInsertModel, type Placeholder, type SQL } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";

/** True where the statement just before, in the same unit, changed something: how a unit's later statements follow its first. */
export const previousChanged: SQL = sql`changes() > 0`;

/**
 * An INSERT that happens only when a condition holds, and never breaks a constraint: a row that is there already stays.
 * A column of `values` may be an SQL expression, which is evaluated when it is written.
 */
export function insertWhen<T extends SQLiteTable>(
  table: T,
  values: { [K in keyof InferInsertModel<T>]: InferInsertModel<T>[K] | SQL | Placeholder },
  condition: SQL,
): SQL {
  const columns = getTableColumns(table);
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  const names = given.map(([name]) => {
    const column = columns[name];
    if (column === undefined) throw new TypeError(`no such column: ${name}`);
    return { column, value: values[name as keyof typeof values] };
  });
  const columnList = sql.join(
    names.map(({ column }) => sql.identifier(column.name)),
    sql`, `,
  );
  const valueList = sql.join(
    names.map(({ column, value }) =>
      value instanceof Object && "queryChunks" in value ? sql`${value}` : sql`${new Param(value, column)}`,
    ),
    sql`, `,
  );
  return sql`insert into ${table} (${columnList}) select ${valueList} where ${condition} on conflict do nothing`;
}
