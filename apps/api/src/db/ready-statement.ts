import type { InValue } from "@libsql/client";
import type { SqlStatement } from "@quarterdeck/core/quota/sql-statement";
import { is, Param, Placeholder, sql, type SQL, type SQLWrapper } from "drizzle-orm";
import { SQLiteAsyncDialect } from "drizzle-orm/sqlite-core";

/** The text of a statement and its values, as SQLite takes them. */
export class ReadyStatement {
  readonly sql: string;
  readonly args: InValue[];

  constructor(text: string, args: InValue[]) {
    this.sql = text;
    this.args = args;
  }
}

const dialect = new SQLiteAsyncDialect();

export function toReady(statement: SQLWrapper | ReadyStatement | SqlStatement): ReadyStatement {
  if (statement instanceof ReadyStatement) return statement;
  if ("args" in statement) return new ReadyStatement(statement.sql, [...statement.args]);
  const { sql: text, params } = dialect.sqlToQuery(statement.getSQL());
  return new ReadyStatement(text, params as InValue[]);
}

/** A condition of drizzle's as a part of one of core's statements. */
export function toPart(condition: SQLWrapper): SqlStatement {
  const { sql: text, params } = dialect.sqlToQuery(condition.getSQL());
  return { sql: text, args: params as SqlStatement["args"] };
}

/**
 * A statement that is written all the time: its text is built once, when it is first needed, since building it takes longer
 * than running it.
 *
 * @param build makes the statement, with `value(name)` in the place of each value
 */
export function readyStatement<Values extends object>(
  build: (value: (name: keyof Values & string) => Placeholder) => SQL,
): (values: Values) => ReadyStatement {
  let built:
    | { readonly text: string; readonly fill: readonly ((values: Partial<Record<string, unknown>>) => unknown)[] }
    | undefined;
  return (values) => {
    if (built === undefined) {
      const { sql: text, params } = dialect.sqlToQuery(build((name) => sql.placeholder(name)));
      built = { text, fill: params.map(filler) };
    }
    const named = { ...values };
    return new ReadyStatement(built.text, built.fill.map((valueFrom) => valueFrom(named)) as InValue[]);
  };
}

/** How to find one of the statement's parameters in the values that are given. */
function filler(parameter: unknown): (values: Partial<Record<string, unknown>>) => unknown {
  if (is(parameter, Placeholder)) return (values) => given(values, parameter.name);
  if (!is(parameter, Param) || !is(parameter.value, Placeholder)) return () => parameter;
  const { encoder, value } = parameter;
  return (values) => {
    const plain = given(values, value.name);
    return plain === null ? null : encoder.mapToDriverValue(plain);
  };
}

function given(values: Partial<Record<string, unknown>>, name: string): unknown {
  const value = values[name];
  if (value === undefined) throw new TypeError(`the statement needs a value for ${name}`);
  return value;
}
