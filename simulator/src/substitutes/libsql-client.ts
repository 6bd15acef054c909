import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { currentProcess, ProcessKilled, type SimProcess } from "../world/sim-process.ts";

// `@libsql/client`, as the API uses it: a database server that outlives API processes, with calls that may fail after they
// did their work.

export interface DatabaseFaults {
  /** The share of write batches that fail: half of them before, half after they were done. */
  failure: number;
}

/** A database and how it fails. */
export class Store {
  readonly database = new DatabaseSync(":memory:");
  readonly faults: DatabaseFaults = { failure: 0 };
  readonly #statements = new Map<string, PreparedStatement>();

  /**
   * Forgets all that was written since the first call. One database with its prepared statements serves all scenarios,
   * each in a transaction that is rolled back: making them anew takes longer than most scenarios use them.
   */
  rewind(): void {
    if (this.database.isTransaction) this.database.exec("ROLLBACK");
    this.database.exec("BEGIN");
    this.faults.failure = 0;
  }

  prepare(sql: string): PreparedStatement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.database.prepare(sql);
    statement.setReturnArrays(true);
    const columns = statement.columns().map(({ name }) => String(name));
    const made: PreparedStatement = {
      columns,
      isRead: /^\s*(select|with|pragma)/i.test(sql),
      run: (values) => Number(statement.run(...values).changes),
      all: (values) => statement.all(...values) as unknown as unknown[][],
    };
    this.#statements.set(sql, made);
    return made;
  }
}

interface PreparedStatement {
  /** None where it answers no rows. */
  readonly columns: readonly string[];
  readonly isRead: boolean;
  readonly run: (values: SQLInputValue[]) => number;
  readonly all: (values: SQLInputValue[]) => unknown[][];
}

const stores = new Map<string, Store>();

export function setStore(url: string, store: Store): void {
  stores.set(url, store);
}

type Args = readonly unknown[] | Readonly<Record<string, unknown>>;
type Statement = string | { readonly sql: string; readonly args?: Args };

interface Result {
  readonly columns: readonly string[];
  readonly rows: unknown[];
  readonly rowsAffected: number;
  readonly lastInsertRowid: undefined;
}

const mostColumns = 100;

/** A row with its values by name, and by place without showing it, as the client gives it. */
class Row {
  [column: string]: unknown;
  readonly #values: readonly unknown[];

  constructor(columns: readonly string[], values: readonly unknown[]) {
    this.#values = values;
    // Of two columns with one name the first counts.
    for (let index = columns.length - 1; index >= 0; index--) this[columns[index] as string] = values[index];
  }

  static {
    Object.defineProperty(Row.prototype, "length", {
      get(this: Row) {
        return this.#values.length;
      },
    });
    for (let index = 0; index < mostColumns; index++)
      Object.defineProperty(Row.prototype, index, {
        get(this: Row) {
          return this.#values[index];
        },
      });
  }
}

function toSql(value: unknown): SQLInputValue {
  if (typeof value === "boolean") return value ? 1 : 0;
  return (value ?? null) as SQLInputValue;
}

class SimClient {
  readonly protocol = "file";
  closed = false;
  readonly #store: Store;
  readonly #process: SimProcess | undefined = currentProcess();

  constructor(store: Store) {
    this.#store = store;
  }

  async execute(statement: Statement, args: Args = []): Promise<Result> {
    this.#check();
    return this.#run(typeof statement === "string" ? { sql: statement, args } : statement);
  }

  async batch(statements: readonly Statement[], _mode?: string): Promise<Result[]> {
    this.#check();
    const process = this.#process;
    if (process)
      await new Promise<void>((resolve) => process.after(process.machine.world.random.between(1, 4), resolve));
    const failure = process?.machine.world.random.chance(this.#store.faults.failure)
      ? process.machine.world.random.pick(["before", "after"])
      : null;
    if (failure === "before") throw new Error("the database server did not answer");
    process?.step();
    const results = this.#inTransaction(() =>
      statements.map((statement) => this.#run(typeof statement === "string" ? { sql: statement } : statement)),
    );
    process?.step();
    if (failure === "after") throw new Error("the database server's answer was lost");
    return results;
  }

  async migrate(statements: readonly Statement[]): Promise<Result[]> {
    return this.batch(statements);
  }

  reconnect(): void {
    this.#check();
  }

  close(): void {
    this.closed = true;
  }

  #check(): void {
    if (this.#process && !this.#process.isAlive) throw new ProcessKilled(this.#process.name);
  }

  #inTransaction<T>(act: () => T): T {
    const { database } = this.#store;
    database.exec("SAVEPOINT writes");
    try {
      const value = act();
      database.exec("RELEASE writes");
      return value;
    } catch (error) {
      database.exec("ROLLBACK TO writes; RELEASE writes");
      throw error;
    }
  }

  #run({ sql, args = [] }: { readonly sql: string; readonly args?: Args }): Result {
    const { columns, isRead, run, all } = this.#store.prepare(sql);
    const values = (Array.isArray(args) ? args : Object.values(args)).map(toSql);
    if (columns.length === 0) return { columns, rows: [], rowsAffected: run(values), lastInsertRowid: undefined };
    const rows = all(values).map((row) => new Row(columns, row));
    return { columns, rows, rowsAffected: isRead ? 0 : rows.length, lastInsertRowid: undefined };
  }
}

export function createClient({ url }: { readonly url: string }): SimClient {
  const store = stores.get(url);
  if (!store) throw new Error(`no database at ${url}`);
  return new SimClient(store);
}
