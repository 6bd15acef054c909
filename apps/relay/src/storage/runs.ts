import { isHeldByCordon } from "@quarterdeck/core/actions/cordon";
import { idSchema, type RunId } from "@quarterdeck/core/ids";
import { priorities, type CommandText } from "@quarterdeck/core/protocol/command";
import type { TaskRun } from "@quarterdeck/core/scheduling/scheduler";
import * as z from "zod";
import type { WaitingRun } from "../session/command-queue.ts";
import { firstRow, readNumber, readNumberOrNull, readText, readTextOrNull, type Row, type Sql } from "./sql.ts";

/** A run that has not ended: it waits while `seq` is null, then it is the bridge's. */
export interface StoredRun extends WaitingRun {
  readonly seq: number | null;
  readonly action: string;
  /** What it was charged when it was dispatched. */
  readonly charge: TaskRun | null;
}

/** A run as it comes in: its place in the order is its outbox position. */
export interface NewRun extends WaitingRun {
  readonly action: string;
  /** Whether it may run on while its server is away, and for how long. */
  readonly isDetached: boolean;
  readonly timeoutMs: number;
  readonly command: CommandText;
}

const afterSchema = z.array(idSchema("run"));
const prioritySchema = z.enum(priorities);
const workspaceSchema = idSchema("workspace").nullable();
const projectSchema = idSchema("project").nullable();

function toRun(row: Row): StoredRun {
  const seq = readNumberOrNull(row, "seq");
  return {
    runId: readText(row, "run_id") as RunId,
    position: readNumber(row, "position"),
    orgId: readText(row, "org_id") as StoredRun["orgId"],
    workspaceId: workspaceSchema.parse(readTextOrNull(row, "workspace_id")),
    projectId: projectSchema.parse(readTextOrNull(row, "project_id")),
    priority: prioritySchema.parse(readText(row, "priority")),
    isOrdered: readNumber(row, "is_ordered") === 1,
    after: afterSchema.parse(JSON.parse(readText(row, "after"))),
    demand: { cpu: readNumber(row, "cpu"), memory: readNumber(row, "memory"), runs: readNumber(row, "runs") },
    expectedMs: readNumber(row, "expected_ms"),
    expiresAtMs: readNumber(row, "expires_at_ms"),
    action: readText(row, "action"),
    isHeldByCordon: isHeldByCordon(readText(row, "action")),
    seq,
    charge:
      seq === null
        ? null
        : {
            startedAtMs: readNumber(row, "dispatched_at_ms"),
            cost: readNumber(row, "cost"),
            bandWeight: readNumber(row, "band_weight"),
            start: readNumber(row, "start_number"),
          },
  };
}

const fields = `run_id, position, org_id, workspace_id, project_id, priority, is_ordered, after, cpu, memory, runs, expected_ms,
  expires_at_ms, action, seq, dispatched_at_ms, cost, band_weight, start_number`;

/** Every run that has not ended, in the order they came. */
export function listRuns(sql: Sql): StoredRun[] {
  return sql.exec(`SELECT ${fields} FROM runs ORDER BY position`).toArray().map(toRun);
}

export function findRun(sql: Sql, runId: RunId): StoredRun | undefined {
  const row = firstRow(sql, `SELECT ${fields} FROM runs WHERE run_id = ?`, runId);
  return row && toRun(row);
}

export function insertRun(sql: Sql, run: NewRun): void {
  const { demand, command } = run;
  sql.exec(
    `INSERT INTO runs (position, run_id, org_id, workspace_id, project_id, priority, is_ordered, after, action, cpu, memory,
       runs, expected_ms, expires_at_ms, is_detached, timeout_ms, signed, signature, sealed)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    run.position,
    run.runId,
    run.orgId,
    run.workspaceId,
    run.projectId,
    run.priority,
    run.isOrdered ? 1 : 0,
    JSON.stringify(run.after),
    run.action,
    demand.cpu,
    demand.memory,
    demand.runs,
    run.expectedMs,
    run.expiresAtMs,
    run.isDetached ? 1 : 0,
    run.timeoutMs,
    command.signed,
    command.signature,
    command.sealed,
  );
}

/**
 * The signed command of a waiting run that is dispatched under the number `seq`; the row keeps it only until then, and what
 * the run was charged from then on.
 */
export function takeCommand(
  sql: Sql,
  runId: RunId,
  { seq, charge }: { readonly seq: number; readonly charge: TaskRun },
): CommandText {
  const row = firstRow(sql, `SELECT signed, signature, sealed FROM runs WHERE run_id = ? AND seq IS NULL`, runId);
  if (!row) throw new Error(`${runId} does not wait`);
  sql.exec(
    `UPDATE runs SET seq = ?, signed = '', signature = '', sealed = NULL, dispatched_at_ms = ?, cost = ?, band_weight = ?,
       start_number = ?
     WHERE run_id = ?`,
    seq,
    charge.startedAtMs,
    charge.cost,
    charge.bandWeight,
    charge.start,
    runId,
  );
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
export function replaceCommand(sql: Sql, run: Pick<NewRun, "runId" | "demand" | "expiresAtMs" | "command">): void {
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

/** Puts a run into another band. */
export function writePriority(sql: Sql, runId: RunId, priority: StoredRun["priority"]): void {
  sql.exec(`UPDATE runs SET priority = ? WHERE run_id = ?`, priority, runId);
}
