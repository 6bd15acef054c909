import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { ProcessKilled } from "../world/sim-process.ts";

type Row = Record<string, unknown>;

/** The words that begin a statement which only reads. */
const reads = /^\s*(select|with|pragma|explain)/i;

/** A query that was looked at once. */
interface Query {
  readonly isRead: boolean;
  /** Answers its rows and how many it changed. */
  readonly run: (values: SQLInputValue[]) => { rows: Row[]; changed: number };
}

/**
 * The storage of a Durable Object. What is written since the last `commit` is one transaction: it becomes durable as a whole,
 * and until then nothing that the object sends leaves it (the output gate).
 */
export class ObjectStorage {
  readonly #database = new DatabaseSync(":memory:");
  readonly #queries = new Map<string, Query>();
  readonly #onWrite: () => void;
  #counting: StatementSync | undefined;
  #alarmAtMs: number | null = null;
  #durableAlarmAtMs: number | null = null;
  #depth = 0;
  #hasOpen = false;
  isFull = false;
  rowsChanged = 0;

  constructor(onWrite: () => void) {
    this.#onWrite = onWrite;
  }

  get alarmAtMs(): number | null {
    return this.#alarmAtMs;
  }

  /** What an instance of the object gets: useless as soon as the instance is gone. */
  view(isAlive: () => boolean) {
    const check = () => {
      if (!isAlive()) throw new ProcessKilled("a relay object");
    };
    return {
      sql: { exec: (query: string, ...values: unknown[]) => (check(), this.#exec(query, values)) },
      transactionSync: <T>(act: () => T): T => (check(), this.#transaction(act)),
      getAlarm: async () => (check(), this.#alarmAtMs),
      setAlarm: async (atMs: number) => (check(), this.#setAlarm(atMs)),
      deleteAlarm: async () => (check(), this.#setAlarm(null)),
      deleteAll: async () => (check(), this.#deleteAll()),
    };
  }

  #write(): void {
    if (!this.#hasOpen) {
      this.#hasOpen = true;
      this.#database.exec("BEGIN");
    }
    this.#onWrite();
  }

  #exec(text: string, values: unknown[]): { toArray(): Row[]; rowsRead: number; rowsWritten: number } {
    const known = this.#queries.get(text);
    const isRead = known?.isRead ?? reads.test(text);
    if (!isRead) {
      if (this.isFull) throw new Error("database or disk is full: SQLITE_FULL");
      this.#write();
    }
    const { rows, changed } = (known ?? this.#prepare(text, isRead)).run(values as SQLInputValue[]);
    this.rowsChanged += changed;
    return { toArray: () => rows, rowsRead: 0, rowsWritten: 0 };
  }

  #prepare(text: string, isRead: boolean): Query {
    const isOne = text.split(";").filter((part) => part.trim() !== "").length <= 1;
    // Several at once make tables, and are asked once.
    if (!isOne) return { isRead, run: () => (this.#database.exec(text), { rows: [], changed: 0 }) };
    const statement = this.#database.prepare(text);
    const hasRows = statement.columns().length > 0;
    const query: Query = {
      isRead,
      run: (values) =>
        hasRows
          ? { rows: statement.all(...values) as Row[], changed: 0 }
          : { rows: [], changed: Number(statement.run(...values).changes) },
    };
    this.#queries.set(text, query);
    return query;
  }

  #transaction<T>(act: () => T): T {
    this.#write();
    const name = `level_${this.#depth++}`;
    this.#database.exec(`SAVEPOINT ${name}`);
    try {
      const value = act();
      this.#database.exec(`RELEASE ${name}`);
      return value;
    } catch (error) {
      this.#database.exec(`ROLLBACK TO ${name}; RELEASE ${name}`);
      throw error;
    } finally {
      this.#depth--;
    }
  }

  #setAlarm(atMs: number | null): void {
    this.#alarmAtMs = atMs;
    this.#write();
  }

  #deleteAll(): void {
    this.#write();
    const names = this.#database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .all();
    for (const { name } of names) this.#database.exec(`DROP TABLE "${String(name)}"`);
    this.#queries.clear();
  }

  /** The alarm rings: it is not set any more, unless the object dies before it is done. */
  takeAlarm(): void {
    this.#alarmAtMs = null;
  }

  /** Makes everything durable. */
  commit(): void {
    if (this.#hasOpen) this.#database.exec("COMMIT");
    this.#hasOpen = false;
    this.#durableAlarmAtMs = this.#alarmAtMs;
  }

  /** The process ended before the commit: nothing of it has happened. */
  rollback(): void {
    if (this.#hasOpen) this.#database.exec("ROLLBACK");
    this.#hasOpen = false;
    this.#depth = 0;
    this.#queries.clear();
    this.#counting = undefined;
    this.#alarmAtMs = this.#durableAlarmAtMs;
  }

  /** For checks: how many rows tables have; nothing before they are made. */
  counts(tables: readonly string[]): [table: string, rows: number][] {
    if (this.#counting === undefined) {
      const made = new Set(this.rows("SELECT name FROM sqlite_master WHERE type = 'table'").map(({ name }) => name));
      if (!tables.every((table) => made.has(table))) return [];
      const counts = tables.map((table) => `(SELECT count(*) FROM ${table}) AS ${table}`);
      this.#counting = this.#database.prepare(`SELECT ${counts.join(", ")}`);
    }
    return Object.entries(this.#counting.get() ?? {}).map(([table, rows]) => [table, Number(rows)]);
  }

  /** For checks: what is in a table. */
  rows(query: string): Row[] {
    return this.#database.prepare(query).all() as Row[];
  }
}
