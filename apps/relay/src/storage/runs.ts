import type { RunId } from "@quarterdeck/core/ids";
import type { CommandText } from "@quarterdeck/core/protocol/command";
import type { WaitingRun } from "../session/command-queue.ts";
import { firstRow, readInteger, readIntegerOrNull, readText, readTextOrNull, type Row, type Sql } from "./sql.ts";

/** A run that has not ended: it waits while `seq` is null, then it is the bridge's. */
export interface StoredRun extends WaitingRun {
  readonly seq: number | null;
}

/** A run as it comes in: its place in the order is its outbox position. */
export interface NewRun extends WaitingRun {
  readonly position: number;
  readonly command: CommandText;
}

function toRun(row: Row): StoredRun {
  return {
    runId: readText(row, "run_id") as RunId,
    orderKey: readTextOrNull(row, "order_key"),
    demand: { cpu: readInteger(row, "cpu"), memory: readInteger(row, "memory"), runs: readInteger(row, "runs") },
    expiresAtMs: readInteger(row, "expires_at_ms"),
    seq: readIntegerOrNull(row, "seq"),
  };
}

const fields = `run_id, order_key, cpu, memory, runs, expires_at_ms, seq`;

/** Every run that has not ended, in the order they came. */
export function listRuns(sql: Sql): StoredRun[] {
  return sql.exec(`SELECT ${fields} FROM runs ORDER BY position`).toArray().map(toRun);
}

export function findRun(sql: Sql, runId: RunId): StoredRun | undefined {
  const row = firstRow(sql, `SELECT ${fields} FROM runs WHERE run_id = ?`, runId);
  return row && toRun(row);
}

export function insertRun(sql: Sql, run: NewRun): void {
  const { cpu, memory, runs } = run.demand;
  sql.exec(
    `INSERT INTO runs (position, run_id, order_key, cpu, memory, runs, expires_at_ms, signed, signature, sealed)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    run.position,
    run.runId,
    run.orderKey,
    cpu,
    memory,
    runs,
    run.expiresAtMs,
    run.command.signed,
    run.command.signature,
    run.command.sealed,
  );
}

/** The signed command of a waiting run; the row keeps it only until it is dispatched. */
export function takeCommand(sql: Sql, runId: RunId, seq: number): CommandText {
  const row = firstRow(sql, `SELECT signed, signature, sealed FROM runs WHERE run_id = ? AND seq IS NULL`, runId);
  if (!row) throw new Error(`${runId} does not wait`);
  sql.exec(`UPDATE runs SET seq = ?, signed = '', signature = '', sealed = NULL WHERE run_id = ?`, seq, runId);
  return {
    signed: readText(row, "signed"),
    signature: readText(row, "signature"),
    sealed: readTextOrNull(row, "sealed"),
  };
}

/** What each waiting run would do. */
export function listWaitingActions(sql: Sql): { runId: RunId; action: string }[] {
  return sql
    .exec(`SELECT run_id, json_extract(signed, '$.action') AS action FROM runs WHERE seq IS NULL ORDER BY position`)
    .toArray()
    .map((row) => ({ runId: readText(row, "run_id") as RunId, action: readText(row, "action") }));
}

/** Puts a run that was dispatched back to where it waited, with the command that was taken back. */
export function returnCommand(sql: Sql, runId: RunId, { signed, signature, sealed }: CommandText): void {
  sql.exec(
    `UPDATE runs SET seq = NULL, signed = ?, signature = ?, sealed = ? WHERE run_id = ?`,
    signed,
    signature,
    sealed,
    runId,
  );
}

/** Nothing that the bridge has not acknowledged counts as signed any more: it is signed anew at its turn. */
export function expireSignatures(sql: Sql): void {
  sql.exec(
    `UPDATE runs SET expires_at_ms = 0
     WHERE seq IS NULL OR run_id IN (SELECT run_id FROM commands WHERE run_id IS NOT NULL)`,
  );
}

export function deleteRun(sql: Sql, runId: RunId): boolean {
  return sql.exec(`DELETE FROM runs WHERE run_id = ? RETURNING run_id`, runId).toArray().length > 0;
}

export function setRunSeq(sql: Sql, runId: string, seq: number): void {
  sql.exec(`UPDATE runs SET seq = ? WHERE run_id = ?`, seq, runId);
}

/** Gives a waiting run its renewed command. */
export function replaceCommand(sql: Sql, run: Omit<NewRun, "position" | "orderKey">): void {
  const { cpu, memory, runs } = run.demand;
  sql.exec(
    `UPDATE runs SET cpu = ?, memory = ?, runs = ?, expires_at_ms = ?, signed = ?, signature = ?, sealed = ?
     WHERE run_id = ? AND seq IS NULL`,
    cpu,
    memory,
    runs,
    run.expiresAtMs,
    run.command.signed,
    run.command.signature,
    run.command.sealed,
    run.runId,
  );
}
