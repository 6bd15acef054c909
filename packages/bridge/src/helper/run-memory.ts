import { existsSync, renameSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { RunId } from "@quarterdeck/core/ids";
import { commandTextSchema, type Command, type CommandText } from "@quarterdeck/core/protocol/command";
import { limits } from "@quarterdeck/core/protocol/limits";
import { rememberMs } from "../journal/command-record.ts";
import { errorMessage, type Log } from "../log.ts";

/** A run that the helper was asked to prepare. */
export interface RememberedRun {
  readonly text: CommandText;
  /** How often it was given to a wrapper. */
  readonly launches: number;
  /** Its files were removed: it is over. */
  readonly isForgotten: boolean;
}

const tables = `
CREATE TABLE IF NOT EXISTS runs (
  run_id TEXT PRIMARY KEY,
  command TEXT NOT NULL,
  launches INTEGER NOT NULL,
  is_forgotten INTEGER NOT NULL,
  forget_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS times (name TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

interface OpenOptions {
  readonly nowMs: number;
  readonly log: Log;
}

/**
 * Remembers runs durably, so that none starts again that must not. It forgets a run only when the platform's own signed time
 * says that its signature ran out long ago, and refuses what is older than what it remembers: no clock makes a run come back.
 */
export class RunMemory {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** A memory that is damaged, or was lost, is begun anew. What was signed before that counts as seen. */
  static open(path: string, { nowMs, log }: OpenOptions): RunMemory {
    const isNew = !existsSync(path);
    try {
      const memory = RunMemory.#openFile(path);
      if (isNew) memory.#setTime("beginsAtMs", nowMs + limits.clockSkewMs);
      return memory;
    } catch (error) {
      if (isNew) throw error;
      log.error("the memory of runs cannot be read and is begun anew", { reason: errorMessage(error) });
      for (const suffix of ["", "-wal", "-shm"])
        if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${path}.damaged-${nowMs}${suffix}`);
      return RunMemory.open(path, { nowMs, log });
    }
  }

  /** For a helper that never ran: nothing was signed for it before. */
  static make(path: string): void {
    if (!existsSync(path)) RunMemory.#openFile(path).close();
  }

  static #openFile(path: string): RunMemory {
    const database = new DatabaseSync(path);
    try {
      database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF");
      const found = database.prepare("PRAGMA integrity_check").get()?.["integrity_check"];
      if (found !== "ok") throw new Error(String(found));
      database.exec(tables);
      return new RunMemory(database);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  find(runId: RunId): RememberedRun | undefined {
    const row = this.#database.prepare("SELECT * FROM runs WHERE run_id = ?").get(runId);
    return (
      row && {
        text: commandTextSchema.parse(JSON.parse(String(row["command"]))),
        launches: Number(row["launches"]),
        isForgotten: row["is_forgotten"] === 1,
      }
    );
  }

  /** Whether a command that is not remembered may be one that was forgotten. */
  isTooOld({ notBeforeMs, expiresAtMs }: Pick<Command, "notBeforeMs" | "expiresAtMs">): boolean {
    return notBeforeMs < this.#time("beginsAtMs") || expiresAtMs + rememberMs < this.#time("signedAtMs");
  }

  remember({ runId, notBeforeMs, expiresAtMs }: Command, text: CommandText): void {
    this.#transaction(() => {
      this.#database
        .prepare("INSERT INTO runs VALUES (?, ?, 0, 0, ?)")
        .run(runId, JSON.stringify(text), expiresAtMs + rememberMs);
      if (notBeforeMs > this.#time("signedAtMs")) this.#setTime("signedAtMs", notBeforeMs);
    });
  }

  countLaunch(runId: RunId): void {
    this.#database.prepare("UPDATE runs SET launches = launches + 1 WHERE run_id = ?").run(runId);
  }

  forget(runId: RunId): void {
    this.#database.prepare("UPDATE runs SET is_forgotten = 1 WHERE run_id = ?").run(runId);
  }

  /** Removes what need not be remembered any more: of runs that are over and whose command nobody would take. */
  prune(nowMs: number, hasFiles: (runId: RunId) => boolean): void {
    const throughMs = Math.min(nowMs, this.#time("signedAtMs"));
    const rows = this.#database.prepare("SELECT run_id FROM runs WHERE forget_at_ms < ?").all(throughMs);
    this.#transaction(() => {
      for (const { run_id: runId } of rows)
        if (!hasFiles(runId as RunId)) this.#database.prepare("DELETE FROM runs WHERE run_id = ?").run(String(runId));
    });
  }

  close(): void {
    this.#database.close();
  }

  #time(name: "beginsAtMs" | "signedAtMs"): number {
    return Number(this.#database.prepare("SELECT at_ms FROM times WHERE name = ?").get(name)?.["at_ms"] ?? 0);
  }

  #setTime(name: "beginsAtMs" | "signedAtMs", atMs: number): void {
    this.#database.prepare("INSERT OR REPLACE INTO times VALUES (?, ?)").run(name, atMs);
  }

  #transaction(work: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }
}
