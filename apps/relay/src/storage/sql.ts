export type SqlValue = string | number | null | ArrayBuffer;
export type Row = Record<string, SqlValue>;

/** What the queries need of SQLite: the storage of a Durable Object, or any other in a test. */
export interface Sql {
  exec(query: string, ...bindings: SqlValue[]): { toArray(): Row[] };
}

/** The first row, or `undefined`. */
export function firstRow(sql: Sql, query: string, ...bindings: SqlValue[]): Row | undefined {
  return sql.exec(query, ...bindings).toArray()[0];
}

export function readText(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new TypeError(`column ${column} holds no text`);
  return value;
}

export function readNumber(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new TypeError(`column ${column} holds no number`);
  return value;
}

export function readTextOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : readText(row, column);
}

export function readNumberOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : readNumber(row, column);
}
