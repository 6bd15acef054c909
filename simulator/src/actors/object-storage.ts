import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { ProcessKilled } from "../world/sim-process.ts";

type Row = Record<string, unknown>;

/** The words that begin a statement which only reads. */
const reads = /^\s*(select|with|pragma|explain)/i;

/**
 * The storage of a Durable Object. What is written since the last `commit` is one transaction: it becomes durable as a whole,
 * and until then nothing that the object sends leaves it (the output gate).
 */
export class ObjectStorage {
  readonly #database = new DatabaseSync(":memory:");
  readonly #statements = new Map<string, StatementSync>();
  readonly #onWrite: () => void;
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

  #exec(query: string, values: unknown[]): { toArray(): Row[]; rowsRead: number; rowsWritten: number } {
    if (!reads.test(query)) {
      if (this.isFull) throw new Error("database or disk is full: SQLITE_FULL");
      this.#write();
    }
    let statement = this.#statements.get(query);
    if (!statement) {
      if (
        query
          .trim()
          .split(";")
          .filter((part) => part.trim() !== "").length > 1
      ) {
        this.#database.exec(query);
        return { toArray: () => [], rowsRead: 0, rowsWritten: 0 };
      }
      this.#statements.set(query, (statement = this.#database.prepare(query)));
    }
    let rows: Row[] = [];
    if (statement.columns().length > 0) rows = statement.all(...(values as SQLInputValue[])) as Row[];
    else this.rowsChanged += Number(statement.run(...(values as SQLInputValue[])).changes);
    return { toArray: () => rows, rowsRead: 0, rowsWritten: 0 };
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
    this.#statements.clear();
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
    this.#statements.clear();
    this.#alarmAtMs = this.#durableAlarmAtMs;
  }

  /** For checks: what is in a table. */
  rows(query: string): Row[] {
    return this.#database.prepare(query).all() as Row[];
  }
}
