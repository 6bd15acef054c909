import type { RunId } from "@quarterdeck/core/ids";
import type { CommandText } from "@quarterdeck/core/protocol/command";
import { withdrawnCommand } from "@quarterdeck/core/protocol/withdrawn-command";
import { firstRow, readNumber, readText, readTextOrNull, type Row, type Sql } from "./sql.ts";

/** A numbered command that the bridge has not acknowledged. `runId` is null for a cancel. */
export interface StoredCommand extends CommandText {
  readonly seq: number;
  readonly runId: string | null;
}

function toCommand(row: Row): StoredCommand {
  return {
    seq: readNumber(row, "seq"),
    runId: readTextOrNull(row, "run_id"),
    signed: readText(row, "signed"),
    signature: readText(row, "signature"),
    sealed: readTextOrNull(row, "sealed"),
  };
}

export function insertCommand(sql: Sql, command: StoredCommand): void {
  const { seq, runId, signed, signature, sealed } = command;
  sql.exec(
    `INSERT INTO commands (seq, run_id, signed, signature, sealed) VALUES (?, ?, ?, ?, ?)`,
    seq,
    runId,
    signed,
    signature,
    sealed,
  );
}

/** The commands after a number and up to another, in order. */
export function listCommands(sql: Sql, range: { readonly after: number; readonly through: number }): StoredCommand[] {
  return sql
    .exec(`SELECT * FROM commands WHERE seq > ? AND seq <= ? ORDER BY seq`, range.after, range.through)
    .toArray()
    .map(toCommand);
}

export function deleteCommandsThrough(sql: Sql, through: number): void {
  sql.exec(`DELETE FROM commands WHERE seq <= ?`, through);
}

export function deleteAllCommands(sql: Sql): void {
  sql.exec(`DELETE FROM commands`);
}

/** The runs whose command has a number and is valid until `throughMs` at most. */
export function listRunsOnTheWay(sql: Sql, throughMs: number): { readonly seq: number; readonly runId: RunId }[] {
  return sql
    .exec(
      `SELECT commands.seq, runs.run_id FROM commands JOIN runs ON runs.run_id = commands.run_id
       WHERE runs.expires_at_ms <= ? ORDER BY commands.seq`,
      throughMs,
    )
    .toArray()
    .map((row) => ({ seq: readNumber(row, "seq"), runId: readText(row, "run_id") as RunId }));
}

/** The number of a run's command that the bridge has not acknowledged. */
export function findSeqOnTheWay(sql: Sql, runId: RunId): number | undefined {
  const row = firstRow(sql, `SELECT seq FROM commands WHERE run_id = ?`, runId);
  return row && readNumber(row, "seq");
}

/** Takes a command back: what fills its number from now on says nothing. Returns what it was. */
export function withdrawCommand(sql: Sql, seq: number): CommandText {
  const [command] = listCommands(sql, { after: seq - 1, through: seq });
  if (!command) throw new Error(`there is no command ${seq}`);
  const { signed, signature } = withdrawnCommand;
  sql.exec(
    `UPDATE commands SET run_id = NULL, signed = ?, signature = ?, sealed = NULL WHERE seq = ?`,
    signed,
    signature,
    seq,
  );
  return { signed: command.signed, signature: command.signature, sealed: command.sealed };
}
