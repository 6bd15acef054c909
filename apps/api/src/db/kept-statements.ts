import { ConnectionPool } from "@libsql/client/sqlite3";

type Connection = ReturnType<ConnectionPool["acquireSync"]>;
type Prepared = ReturnType<Connection["prepare"]>;

const mostKept = 500;
/** What may be kept: of anything else the schema, and so the columns of what is kept, may change. */
const isKept = /^\s*(select|insert|update|delete|with|begin|commit)\b/i;

/**
 * The one connection to a database file, on which each statement is prepared once: libSQL's client prepares it each time
 * that it runs, which takes longer than running it. One is enough, since every call of libSQL's is synchronous.
 */
export class KeepingPool extends ConnectionPool {
  readonly #keeping = new WeakSet<Connection>();

  constructor(path: string) {
    super(path, {}, 1);
  }

  override acquireSync(forTransaction = false): Connection {
    const connection = super.acquireSync(forTransaction);
    if (!this.#keeping.has(connection)) keepStatements(connection);
    this.#keeping.add(connection);
    return connection;
  }
}

function keepStatements(connection: Connection): void {
  const kept = new Map<string, Prepared>();
  const prepare = connection.prepare.bind(connection);
  Object.assign(connection, {
    prepare(source: string): Prepared {
      if (!isKept.test(source)) {
        kept.clear();
        return prepare(source);
      }
      const known = kept.get(source);
      if (known !== undefined) return known;
      const statement = reusable(prepare(source), () => kept.delete(source));
      if (kept.size >= mostKept) kept.clear();
      kept.set(source, statement);
      return statement;
    },
  });
}

const returnsNoData = new TypeError("The statement returns no data.");

/** Asks once what stays the same each time that the client uses it. One that failed is not used again. */
function reusable(statement: Prepared, onFailure: () => void): Prepared {
  const { reader } = statement;
  const columns = reader ? statement.columns() : [];
  if (reader) statement.raw(true);
  statement.safeIntegers(true);
  const all: (parameters: object) => unknown[] = statement.all.bind(statement);
  const run: (parameters: object) => unknown = statement.run.bind(statement);
  return Object.assign(statement, {
    safeIntegers: () => statement,
    raw() {
      if (reader) return statement;
      throw returnsNoData; // The client asks this way.
    },
    columns: () => columns,
    all: (parameters: object) => orDrop(() => all(parameters), onFailure),
    run: (parameters: object) => orDrop(() => run(parameters), onFailure),
  });
}

function orDrop<T>(execute: () => T, onFailure: () => void): T {
  try {
    return execute();
  } catch (error) {
    onFailure();
    throw error;
  }
}
