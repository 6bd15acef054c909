import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
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
  readonly statements = new Map<string, StatementSync>();
}

const stores = new Map<string, Store>();

export function setStore(url: string, store: Store): void {
  stores.set(url, store);
}

type Args = readonly unknown[] | Readonly<Record<string, unknown>>;
type Statement = string | { readonly sql: string; readonly args?: Args };

interface Result {
  readonly columns: string[];
  readonly rows: unknown[];
  readonly rowsAffected: number;
  readonly lastInsertRowid: undefined;
}

/** A row with its values by place and by name, as the client gives it. */
function makeRow(columns: readonly string[], values: readonly unknown[]): unknown {
  const row: Record<string, unknown> = {};
  Object.defineProperty(row, "length", { value: values.length });
  for (const [index, value] of values.entries()) {
    Object.defineProperty(row, index, { value });
    const column = columns[index];
    if (column !== undefined && !Object.hasOwn(row, column)) row[column] = value;
  }
  return row;
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
    database.exec("BEGIN IMMEDIATE");
    try {
      const value = act();
      database.exec("COMMIT");
      return value;
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  }

  #run({ sql, args = [] }: { readonly sql: string; readonly args?: Args }): Result {
    const { database, statements } = this.#store;
    let statement = statements.get(sql);
    if (!statement) {
      statement = database.prepare(sql);
      statement.setReturnArrays(true);
      statements.set(sql, statement);
    }
    const values = (Array.isArray(args) ? args : Object.values(args)).map(toSql);
    const columns = statement.columns().map(({ name }) => String(name));
    if (columns.length === 0) {
      const { changes } = statement.run(...values);
      return { columns, rows: [], rowsAffected: Number(changes), lastInsertRowid: undefined };
    }
    const rows = (statement.all(...values) as unknown as unknown[][]).map((row) => makeRow(columns, row));
    const isRead = /^\s*(select|with|pragma)/i.test(sql);
    return { columns, rows, rowsAffected: isRead ? 0 : rows.length, lastInsertRowid: undefined };
  }
}

export function createClient({ url }: { readonly url: string }): SimClient {
  const store = stores.get(url);
  if (!store) throw new Error(`no database at ${url}`);
  return new SimClient(store);
}
