import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from "node:sqlite";

// What of a libSQL server can be had here: its protocol (Hrana 2 over HTTP, as libSQL's client speaks it) on SQLite itself. It is a
// double of the server, not of the database: transactions, locks and the order of writes are SQLite's.

interface Value {
  readonly type: "null" | "integer" | "float" | "text" | "blob";
  readonly value?: string | number;
  readonly base64?: string;
}

interface Statement {
  readonly sql?: string;
  readonly sql_id?: number;
  readonly args?: readonly Value[];
  readonly named_args?: readonly { readonly name: string; readonly value: Value }[];
}

interface Condition {
  readonly type: "ok" | "error" | "not" | "and" | "or" | "is_autocommit";
  readonly step?: number;
  readonly cond?: Condition;
  readonly conds?: readonly Condition[];
}

interface StreamRequest {
  readonly type: "execute" | "batch" | "sequence" | "store_sql" | "close_sql" | "get_autocommit" | "close";
  readonly stmt?: Statement;
  readonly batch?: { readonly steps: readonly { readonly condition?: Condition; readonly stmt: Statement }[] };
  readonly sql?: string;
  readonly sql_id?: number;
}

/** One client's connection: it lasts over requests as long as the client names it. */
class Stream {
  readonly database: DatabaseSync;
  readonly #texts = new Map<number, string>();

  constructor(path: string) {
    this.database = new DatabaseSync(path, { timeout: 0 });
    this.database.exec("PRAGMA foreign_keys = ON");
  }

  answer(request: StreamRequest): unknown {
    switch (request.type) {
      case "execute":
        return { type: "execute", result: this.#execute(request.stmt ?? {}) };
      case "batch":
        return { type: "batch", result: this.#batch(request.batch?.steps ?? []) };
      case "sequence":
        this.database.exec(this.#text(request));
        return { type: "sequence" };
      case "store_sql":
        this.#texts.set(request.sql_id ?? 0, request.sql ?? "");
        return { type: "store_sql" };
      case "close_sql":
        this.#texts.delete(request.sql_id ?? 0);
        return { type: "close_sql" };
      case "get_autocommit":
        return { type: "get_autocommit", is_autocommit: !this.database.isTransaction };
      case "close":
        return { type: "close" };
    }
  }

  #text({ sql, sql_id: id }: { readonly sql?: string; readonly sql_id?: number }): string {
    return sql ?? this.#texts.get(id ?? 0) ?? "";
  }

  #execute(request: Statement) {
    const statement = this.database.prepare(this.#text(request));
    statement.setReadBigInts(true);
    const named = Object.fromEntries((request.named_args ?? []).map(({ name, value }) => [name, toInput(value)]));
    const args = (request.args ?? []).map(toInput);
    const columns = statement.columns();
    if (columns.length === 0) {
      const { changes, lastInsertRowid } = statement.run(named, ...args);
      const rowid = String(lastInsertRowid);
      return { cols: [], rows: [], affected_row_count: Number(changes), last_insert_rowid: rowid };
    }
    statement.setReturnArrays(true);
    const rows = statement.all(named, ...args) as unknown as SQLOutputValue[][];
    const cols = columns.map(({ name, type }) => ({ name, decltype: type }));
    return {
      cols,
      rows: rows.map((row) => row.map(toValue)),
      affected_row_count: rows.length,
      last_insert_rowid: null,
    };
  }

  #batch(steps: readonly { readonly condition?: Condition; readonly stmt: Statement }[]) {
    const results: unknown[] = [];
    const errors: unknown[] = [];
    for (const { condition, stmt } of steps) {
      results.push(null);
      errors.push(null);
      if (condition !== undefined && !this.#holds(condition, results, errors)) continue;
      try {
        results[results.length - 1] = this.#execute(stmt);
      } catch (error) {
        errors[errors.length - 1] = describe(error);
      }
    }
    return { step_results: results, step_errors: errors };
  }

  #holds(condition: Condition, results: readonly unknown[], errors: readonly unknown[]): boolean {
    const inner = (one: Condition) => this.#holds(one, results, errors);
    switch (condition.type) {
      case "ok":
        return results[condition.step ?? 0] !== null;
      case "error":
        return errors[condition.step ?? 0] !== null;
      case "not":
        return condition.cond !== undefined && !inner(condition.cond);
      case "and":
        return (condition.conds ?? []).every(inner);
      case "or":
        return (condition.conds ?? []).some(inner);
      case "is_autocommit":
        return !this.database.isTransaction;
    }
  }
}

function toInput(value: Value): SQLInputValue {
  if (value.type === "null") return null;
  if (value.type === "integer") return BigInt(value.value ?? 0);
  if (value.type === "blob") return Buffer.from(value.base64 ?? "", "base64");
  return value.value ?? null;
}

function toValue(value: SQLOutputValue): Value {
  if (value === null) return { type: "null" };
  if (typeof value === "bigint") return { type: "integer", value: String(value) };
  if (typeof value === "number") return { type: "float", value };
  if (typeof value === "string") return { type: "text", value };
  return { type: "blob", base64: Buffer.from(value).toString("base64") };
}

function describe(error: unknown): { message: string; code: string } {
  const message = error instanceof Error ? error.message : String(error);
  const number = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : 1;
  return { message, code: number === 5 ? "SQLITE_BUSY" : number === 19 ? "SQLITE_CONSTRAINT" : "SQLITE_ERROR" };
}

/** A libSQL server on loopback with one database. */
export class LibsqlServer implements AsyncDisposable {
  readonly #folder: string;
  readonly #server: Server;
  readonly #streams = new Map<string, Stream>();
  /** How many requests came. */
  requests = 0;

  private constructor(folder: string) {
    this.#folder = folder;
    const setUp = new DatabaseSync(this.path);
    setUp.exec("PRAGMA journal_mode = WAL");
    setUp.close();
    this.#server = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk: Buffer) => (text += chunk.toString()));
      request.on("end", () => {
        this.requests++;
        const body = this.#answer(JSON.parse(text) as { baton?: string; requests: StreamRequest[] });
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
      });
    });
  }

  static async start(): Promise<LibsqlServer> {
    const made = new LibsqlServer(await mkdtemp(join(tmpdir(), "quarterdeck-libsql-")));
    await new Promise<void>((resolve) => made.#server.listen(0, "127.0.0.1", resolve));
    return made;
  }

  get path(): string {
    return join(this.#folder, "server.db");
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #answer({ baton, requests }: { baton?: string; requests: StreamRequest[] }) {
    const known = baton === undefined ? undefined : this.#streams.get(baton);
    if (baton !== undefined) this.#streams.delete(baton);
    const stream = known ?? new Stream(this.path);
    const results = requests.map((request) => {
      try {
        return { type: "ok", response: stream.answer(request) };
      } catch (error) {
        return { type: "error", error: describe(error) };
      }
    });
    const next = randomUUID();
    const isClosed = requests.some(({ type }) => type === "close");
    if (isClosed) stream.database.close();
    else this.#streams.set(next, stream);
    return { baton: isClosed ? null : next, base_url: null, results };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
    for (const { database } of this.#streams.values()) database.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
