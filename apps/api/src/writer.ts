import type { Client, ResultSet } from "@libsql/client";
import type { SqlStatement } from "@quarterdeck/core/quota/sql-statement";
import type { SQLWrapper } from "drizzle-orm";
import { toReady, type ReadyStatement } from "./db/ready-statement.ts";

/** One statement of a unit: a query of drizzle's that has not run, one that was built before, or one of core's ledger. */
export type Statement = SQLWrapper | ReadyStatement | SqlStatement;

/** What one statement did. */
export interface StatementOutcome {
  readonly rowsChanged: number;
  readonly rows: ResultSet["rows"];
}

/** Statements that are written together or not at all. */
export type Unit = readonly Statement[];

interface Queued {
  readonly statements: ReadyStatement[];
  readonly resolve: (outcomes: StatementOutcome[]) => void;
  readonly reject: (error: unknown) => void;
}

const maxUnitsPerBatch = 256;
const soonMs = 50;
const busyAttempts = 5;

/**
 * The one place that changes rows. Units that are queued at the same time are committed together (group commit). What may
 * be refused is a guarded statement that changes no row, never a constraint error; when a batch fails all the same, its
 * units are run again one by one, so a unit that cannot be written takes no other with it.
 */
export class Writer {
  readonly #client: Client;
  readonly #onCommit: () => void;
  readonly #onWritten: (statements: readonly ReadyStatement[]) => void;
  readonly #queue: Queued[] = [];
  #running: Promise<void> | null = null;
  #soon: NodeJS.Timeout | null = null;
  #isClosed = false;

  /** @param options.onWritten what was or may have been written, told before whoever waits for it is answered */
  constructor(
    client: Client,
    options: { onCommit: () => void; onWritten?: (statements: readonly ReadyStatement[]) => void },
  ) {
    this.#client = client;
    this.#onCommit = options.onCommit;
    this.#onWritten = options.onWritten ?? (() => {});
  }

  /** Writes a unit durably; the outcomes are in the order of its statements. */
  commit(unit: Unit): Promise<StatementOutcome[]> {
    const written = this.#enqueue(unit);
    this.#start();
    return written;
  }

  /** Writes a unit with the next one that somebody waits for, or a moment later: one fsync less for what can wait. */
  commitSoon(unit: Unit): Promise<StatementOutcome[]> {
    this.#soon ??= setTimeout(() => this.#start(), soonMs);
    return this.#enqueue(unit);
  }

  /** Refuses new units and waits for the queued ones. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#start();
    await this.#running;
  }

  #enqueue(unit: Unit): Promise<StatementOutcome[]> {
    if (this.#isClosed) return Promise.reject(new Error("the writer is closed"));
    const statements = unit.map(toReady);
    return new Promise((resolve, reject) => {
      this.#queue.push({ statements, resolve, reject });
    });
  }

  #start(): void {
    if (this.#soon !== null) clearTimeout(this.#soon);
    this.#soon = null;
    if (this.#queue.length > 0) this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      await endOfTurn(); // What comes in the same turn of the event loop joins this batch.
      await this.#commitTogether(this.#queue.splice(0, maxUnitsPerBatch));
    }
    this.#running = null;
  }

  async #commitTogether(units: readonly Queued[]): Promise<void> {
    try {
      const results = await this.#write(units.flatMap((unit) => unit.statements));
      let next = 0;
      for (const unit of units) unit.resolve(results.slice(next, (next += unit.statements.length)));
      this.#onCommit();
    } catch (error) {
      if (units.length === 1) units[0]?.reject(error);
      else for (const unit of units) await this.#commitTogether([unit]);
    }
  }

  async #write(statements: ReadyStatement[]): Promise<StatementOutcome[]> {
    try {
      return await this.#writeDespiteBusy(statements);
    } finally {
      this.#onWritten(statements); // Also what failed: a server may have written it and its answer been lost.
    }
  }

  async #writeDespiteBusy(statements: ReadyStatement[]): Promise<StatementOutcome[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        const results = await this.#client.batch(statements, "write");
        return results.map((result) => ({ rowsChanged: result.rowsAffected, rows: result.rows }));
      } catch (error) {
        if (!isBusy(error)) throw error;
        // After SQLITE_BUSY the connection acknowledges writes that it then loses (tursodatabase/libsql-client-ts#352):
        // it must not be used again.
        this.#client.reconnect();
        if (attempt === busyAttempts) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20 * 2 ** attempt));
      }
    }
  }
}

/** Writing blocks this process for as long as the disk takes, so what is ready to join should have come before. */
function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function isBusy(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && typeof error.code === "string" && error.code.startsWith("SQLITE_BUSY")
  );
}
