import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { CommandId, RunId, SessionId } from "@quarterdeck/core/ids";
import type { CommandText } from "@quarterdeck/core/protocol/command";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import { recordChecksum, type CommandRecord } from "./command-record.ts";
import { rowChecksum } from "./damage.ts";
import { migrateJournal, openJournalFile, readMeta, readVersion, type JournalFile } from "./journal-file.ts";
import { journalSteps, type JournalSteps } from "./schema.ts";

export interface StoredResult extends SignedText {
  readonly seq: number;
}

/** A row whose checksum does not match what it holds. */
export interface DamagedRow {
  readonly commandId: string;
  readonly text: CommandText;
}

interface CommandRow {
  command_id: string;
  run_id: string;
  signed: string;
  signature: string;
  sealed: string | null;
  effect: string;
  state: string;
  boot_id: string | null;
  reruns: number;
  received_at_ms: number;
  forget_at_ms: number;
  checksum: string;
}

/**
 * What the bridge must not forget: the commands it took, how far each one is, and the results the relay does not have yet.
 * Every method throws when the disk fails; whoever calls must then acknowledge nothing and end the process.
 */
export class Journal {
  readonly sessionId: SessionId;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  readonly #steps: JournalSteps;

  private constructor({ database, sessionId }: JournalFile, steps: JournalSteps) {
    this.#database = database;
    this.sessionId = sessionId;
    this.#steps = steps;
  }

  /** Opens a journal, or makes one with a new session. Throws as `openJournalFile` does. */
  static open(path: string, nowMs: number, steps: JournalSteps = journalSteps): Journal {
    return new Journal(openJournalFile(path, { nowMs, steps }), steps);
  }

  close(): void {
    this.#database.close();
  }

  /** Whether its tables are still those of an older bridge, which could go on with it. */
  get isOlder(): boolean {
    return readVersion(this.#database) < this.#steps.length;
  }

  /** Makes its tables those of this bridge. An older one cannot read them from then on. */
  migrate(): void {
    migrateJournal(this.#database, this.#steps);
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }

  /** Runs `work` in one transaction: it is on the disk when this returns, or nothing of it is. */
  transaction<T>(work: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const value = work();
      this.#database.exec("COMMIT");
      return value;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #setMeta(name: string, number: number): void {
    const value = String(number);
    this.#prepare("UPDATE meta SET value = ?, checksum = ? WHERE name = ?").run(value, rowChecksum(name, value), name);
  }

  receivedCommands(): number {
    return Number(readMeta(this.#database, "receivedCommands"));
  }

  setReceivedCommands(through: number): void {
    this.#setMeta("receivedCommands", through);
  }

  save(record: CommandRecord): void {
    this.#prepare(
      `INSERT INTO commands (command_id, run_id, signed, signature, sealed, effect, state, boot_id, reruns, received_at_ms, forget_at_ms, checksum)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (command_id) DO UPDATE SET state = excluded.state, boot_id = excluded.boot_id, reruns = excluded.reruns, checksum = excluded.checksum`,
    ).run(
      record.commandId,
      record.runId,
      record.text.signed,
      record.text.signature,
      record.text.sealed,
      record.effect,
      record.state,
      record.bootId,
      record.reruns,
      record.receivedAtMs,
      record.forgetAtMs,
      recordChecksum(record),
    );
  }

  /** The command of an id. A damaged row counts as known: `isDamaged` says so, and it must not be started. */
  find(commandId: CommandId): { record: CommandRecord; isDamaged: boolean } | undefined {
    const row = this.#prepare("SELECT * FROM commands WHERE command_id = ?").get(commandId) as CommandRow | undefined;
    return row && readRow(row);
  }

  remove(commandId: string): void {
    this.#prepare("DELETE FROM commands WHERE command_id = ?").run(commandId);
  }

  knowsRun(runId: RunId): boolean {
    return this.#prepare("SELECT 1 FROM commands WHERE run_id = ? LIMIT 1").get(runId) !== undefined;
  }

  isRunEnded(runId: RunId): boolean {
    const row = this.#prepare("SELECT state FROM commands WHERE run_id = ? ORDER BY received_at_ms DESC LIMIT 1").get(
      runId,
    );
    return row?.["state"] === "DONE" || row?.["state"] === "ACKNOWLEDGED";
  }

  /** Whether a run has ended for the relay too, or is so old that it was forgotten and has nothing to report. */
  isRunSettled(runId: RunId): boolean {
    const row = this.#prepare("SELECT min(state = 'ACKNOWLEDGED') AS isSettled FROM commands WHERE run_id = ?").get(
      runId,
    );
    if (row?.["isSettled"] !== null) return row?.["isSettled"] === 1;
    return this.#prepare("SELECT 1 FROM results WHERE instr(signed, ?) > 0 LIMIT 1").get(runId) === undefined;
  }

  /** Every command without a result, in the order it came; rows whose checksum fails are set apart. */
  unfinished(): { sound: CommandRecord[]; damaged: DamagedRow[] } {
    // Every row is checked, because a flipped bit may have hidden an unfinished one behind another state.
    const rows = this.#prepare(
      "SELECT * FROM commands ORDER BY received_at_ms, command_id",
    ).all() as unknown as CommandRow[];
    const sound: CommandRecord[] = [];
    const damaged: DamagedRow[] = [];
    for (const row of rows) {
      const { record, isDamaged } = readRow(row);
      if (isDamaged) damaged.push({ commandId: row.command_id, text: record.text });
      else if (record.state !== "DONE" && record.state !== "ACKNOWLEDGED") sound.push(record);
    }
    return { sound, damaged };
  }

  addResult(commandId: CommandId, result: SignedText, isFinal: boolean): number {
    const seq = Number(readMeta(this.#database, "lastResult")) + 1;
    this.#setMeta("lastResult", seq);
    const cells = [seq, commandId, isFinal ? 1 : 0, result.signed, result.signature] as const;
    this.#prepare(
      "INSERT INTO results (seq, command_id, is_final, signed, signature, checksum) VALUES (?, ?, ?, ?, ?, ?)",
    ).run(...cells, rowChecksum(...cells));
    return seq;
  }

  resultsAfter(seq: number, limit: number): StoredResult[] {
    const sql = "SELECT seq, signed, signature FROM results WHERE seq > ? ORDER BY seq LIMIT ?";
    return this.#prepare(sql)
      .all(seq, limit)
      .map((row) => ({
        seq: Number(row["seq"]),
        signed: String(row["signed"]),
        signature: String(row["signature"]),
      }));
  }

  unsentResults(): number {
    return Number(this.#prepare("SELECT count(*) AS n FROM results").get()?.["n"]);
  }

  lastResult(): number {
    return Number(readMeta(this.#database, "lastResult"));
  }

  /** The relay has every result up to `seq`: they need not be kept. */
  acknowledgeResults(through: number): void {
    const rows = this.#prepare("SELECT command_id FROM results WHERE seq <= ? AND is_final = 1").all(through);
    for (const row of rows) {
      const found = this.find(String(row["command_id"]) as CommandId);
      if (found && !found.isDamaged && found.record.state === "DONE")
        this.save({ ...found.record, state: "ACKNOWLEDGED" });
    }
    this.#prepare("DELETE FROM results WHERE seq <= ?").run(through);
  }

  buryRun(runId: RunId, forgetAtMs: number): void {
    this.#prepare(
      "INSERT INTO tombstones (run_id, forget_at_ms, checksum) VALUES (?, ?, ?) ON CONFLICT (run_id) DO NOTHING",
    ).run(runId, forgetAtMs, rowChecksum(runId, forgetAtMs));
  }

  isBuried(runId: RunId): boolean {
    return this.#prepare("SELECT 1 FROM tombstones WHERE run_id = ?").get(runId) !== undefined;
  }

  /** The platform signed that it was at least this late. */
  notePlatformTime(nowMs: number): void {
    this.#prepare(
      `INSERT INTO meta (name, value, checksum) VALUES ('platformTimeMs', ?, ?)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value, checksum = excluded.checksum
       WHERE CAST(value AS INTEGER) < CAST(excluded.value AS INTEGER)`,
    ).run(String(nowMs), rowChecksum("platformTimeMs", String(nowMs)));
  }

  /**
   * Forgets what may be forgotten: ended commands whose id cannot come again. By the platform's time too, because ids that
   * were forgotten while the machine's clock was ahead would run again when it is right.
   */
  forget(nowMs: number): void {
    const until = Math.min(nowMs, Number(readMeta(this.#database, "platformTimeMs") ?? 0));
    this.#prepare("DELETE FROM commands WHERE forget_at_ms < ? AND state IN ('DONE', 'ACKNOWLEDGED')").run(until);
    this.#prepare("DELETE FROM tombstones WHERE forget_at_ms < ?").run(until);
  }
}

function readRow(row: CommandRow): { record: CommandRecord; isDamaged: boolean } {
  const record: CommandRecord = {
    commandId: row.command_id as CommandId,
    runId: row.run_id as RunId,
    text: { signed: row.signed, signature: row.signature, sealed: row.sealed },
    effect: row.effect as CommandRecord["effect"],
    state: row.state as CommandRecord["state"],
    bootId: row.boot_id,
    reruns: row.reruns,
    receivedAtMs: row.received_at_ms,
    forgetAtMs: row.forget_at_ms,
  };
  return { record, isDamaged: recordChecksum(record) !== row.checksum };
}
