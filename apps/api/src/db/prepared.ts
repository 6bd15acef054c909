import type { Database } from "./database.ts";

/**
 * A query that is asked all the time, built once for each database with placeholders: building it costs several times what
 * asking it does.
 */
export function prepared<Query>(build: (db: Database) => Query): (db: Database) => Query {
  const built = new WeakMap<Database, Query>();
  return (db) => {
    const known = built.get(db);
    if (known !== undefined) return known;
    const query = build(db);
    built.set(db, query);
    return query;
  };
}
