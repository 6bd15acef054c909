import type { CommandText } from "@quarterdeck/core/protocol/command";
import { readInteger, readText, readTextOrNull, type Row, type Sql } from "./sql.ts";

/** A numbered command that the bridge has not acknowledged. `runId` is null for a cancel. */
export interface StoredCommand extends CommandText {
  readonly seq: number;
  readonly runId: string | null;
}

function toCommand(row: Row): StoredCommand {
  return {
    seq: readInteger(row, "seq"),
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
