import { DatabaseSync as RealDatabase, type SQLInputValue, type StatementSync } from "node:sqlite";
import { newDirectory, type FileNode } from "../world/disk.ts";
import { requireProcess } from "../world/sim-process.ts";

/** A real SQLite database in memory that plays the part of a file on a simulated disk. */
class Database {
  readonly real = new RealDatabase(":memory:");
}

function fileOf(path: string): FileNode & { attached: Database } {
  const disk = requireProcess().machine.disk;
  const known = disk.find(path);
  if (known?.kind === "file" && known.attached instanceof Database) return known as FileNode & { attached: Database };
  const at = path.lastIndexOf("/");
  const directory = disk.find(path.slice(0, at)) ?? newDirectory(0);
  if (directory.kind !== "directory") throw new Error(`${path} is in no directory`);
  const empty = Buffer.alloc(0);
  const node = { kind: "file" as const, bytes: empty, durable: empty, mtimeMs: 0, attached: new Database() };
  directory.entries.set(path.slice(at + 1), node);
  directory.durable.set(path.slice(at + 1), node);
  return node;
}

/** What a transaction takes of the disk. */
const commitBytes = 512;

/**
 * `node:sqlite` as the bridge uses it, with `synchronous = FULL`: what was committed survives everything. The process can
 * die before and after each commit.
 */
export class DatabaseSync {
  readonly #real: RealDatabase;
  readonly #disk = requireProcess().machine.disk;

  constructor(path: string) {
    this.#real = fileOf(path).attached.real;
    // A process that died in a transaction has rolled it back.
    if (this.#real.isTransaction) this.#real.exec("ROLLBACK");
  }

  get isTransaction(): boolean {
    return this.#real.isTransaction;
  }

  exec(sql: string): void {
    const isCommit = /^COMMIT\b/i.test(sql);
    if (isCommit) this.#checkDisk();
    if (isCommit) requireProcess().step();
    else requireProcess();
    this.#real.exec(sql);
    if (isCommit) requireProcess().step();
  }

  #checkDisk(): void {
    const isFull = this.#disk.freeBytes < commitBytes;
    if (!isFull && !this.#disk.failsToSync) {
      this.#disk.freeBytes -= commitBytes;
      return;
    }
    this.#real.exec("ROLLBACK");
    const message = isFull ? "database or disk is full" : "disk I/O error";
    throw Object.assign(new Error(message), { code: "ERR_SQLITE_ERROR", errcode: isFull ? 13 : 10 });
  }

  prepare(sql: string): Pick<StatementSync, "run" | "get" | "all" | "iterate"> {
    const statement = this.#real.prepare(sql);
    return {
      run: (...values: unknown[]) => (requireProcess(), statement.run(...(values as SQLInputValue[]))),
      get: (...values: unknown[]) => (requireProcess(), statement.get(...(values as SQLInputValue[]))),
      all: (...values: unknown[]) => (requireProcess(), statement.all(...(values as SQLInputValue[]))),
      iterate: (...values: unknown[]) => (requireProcess(), statement.iterate(...(values as SQLInputValue[]))),
    };
  }

  close(): void {
    // The file stays.
  }
}
