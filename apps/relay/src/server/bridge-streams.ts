import { accept, type Result } from "@quarterdeck/core/errors/result";
import type { RunId } from "@quarterdeck/core/ids";
import type { Capabilities } from "@quarterdeck/core/protocol/capabilities";
import type { HelloBody } from "@quarterdeck/core/protocol/handshake";
import { resultSchema } from "@quarterdeck/core/protocol/result";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import { checkAcknowledgement, resumeCommands } from "../session/command-stream.ts";
import { takeInOrder } from "../session/results-intake.ts";
import { deleteAllCommands, deleteCommandsThrough, insertCommand, listCommands } from "../storage/commands.ts";
import { appendReport } from "../storage/reports.ts";
import { listRuns, setRunSeq } from "../storage/runs.ts";
import { nextNumber, readServer, updateServer } from "../storage/server-record.ts";
import type { Sql } from "../storage/sql.ts";
import type { RunDesk } from "./run-desk.ts";

/** Takes the bridge's word that it journaled every command up to a number. */
export function acknowledgeCommands(sql: Sql, through: number): Result<void> {
  const { commandsAssigned, commandsAcknowledged } = readServer(sql);
  const checked = checkAcknowledgement({ assigned: commandsAssigned, acknowledged: commandsAcknowledged }, through);
  if (!checked.ok || through <= commandsAcknowledged) return checked;
  deleteCommandsThrough(sql, through);
  updateServer(sql, { commandsAcknowledged: through });
  return accept(undefined);
}

/** Takes the bridge's word that it has a version of the platform's keys; the API is told what is news. */
export function takeKeysVersion(sql: Sql, version: number, nowMs: number): void {
  if (readServer(sql).keysVersion === version) return;
  updateServer(sql, { keysVersion: version });
  appendReport(sql, { kind: "keysTaken", atMs: nowMs, version });
}

interface ReadResult {
  readonly runId: RunId;
  readonly isFinished: boolean;
  /** `null` when it did not start. */
  readonly durationMs: number | null;
  readonly hasSucceeded: boolean;
}

/**
 * What a result says of a run. A conflict says nothing of it; a result that the schema does not know must still reach the
 * API, which says why it is refused.
 */
function readResult(text: SignedText): ReadResult | undefined {
  try {
    const result = resultSchema.parse(JSON.parse(text.signed));
    if (result.kind === "conflict") return undefined;
    const isFinished = result.kind === "finished";
    const durationMs = isFinished && result.startedAtMs !== null ? result.durationMs : null;
    const hasSucceeded = isFinished && result.verdict === "succeeded";
    return { runId: result.runId, isFinished, durationMs, hasSucceeded };
  } catch {
    return undefined;
  }
}

/** Up to where every result is stored, and how many of the new ones nobody expected. */
export interface TakenResults {
  readonly through: number;
  readonly unexpected: number;
}

/** Stores new results for the API and ends the runs that they end. */
export function takeResults(
  { sql, desk }: { readonly sql: Sql; readonly desk: RunDesk },
  items: readonly (SignedText & { readonly seq: number })[],
  nowMs: number,
): Result<TakenResults> {
  const intake = takeInOrder(readServer(sql).resultsReceived, items);
  if (!intake.ok) return intake;
  let unexpected = 0;
  for (const { signed, signature } of intake.value.fresh) {
    const result = readResult({ signed, signature });
    if (!result || !desk.expects(result)) unexpected++;
    if (result?.isFinished) desk.finished(result.runId, result, nowMs);
    appendReport(sql, { kind: "result", atMs: nowMs, signed, signature });
  }
  updateServer(sql, { resultsReceived: intake.value.through });
  return accept({ through: intake.value.through, unexpected });
}

/** Takes the bridge's word on whether it takes commands, and tells the API like at a hello. */
export function takeCondition(sql: Sql, blocked: Capabilities["blocked"] | null, nowMs: number): void {
  const { capabilities: before, epoch, bootId } = readServer(sql);
  if (before === null || (before.blocked ?? null) === (blocked ?? null)) return;
  const { blocked: _, ...others } = before;
  const capabilities: Capabilities = blocked ? { ...others, blocked } : others;
  updateServer(sql, { capabilities });
  appendReport(sql, { kind: "online", atMs: nowMs, epoch, bootId: bootId ?? "", capabilities });
}

/** Brings both streams to where the bridge stands, after its hello was accepted. */
export function resumeStreams(
  { sql, desk }: { readonly sql: Sql; readonly desk: RunDesk },
  hello: HelloBody,
  nowMs: number,
): void {
  const server = readServer(sql);
  const isSameSession = server.sessionId === hello.sessionId;
  if (!isSameSession) updateServer(sql, { sessionId: hello.sessionId, resultsReceived: 0 });
  const position = { assigned: server.commandsAssigned, acknowledged: server.commandsAcknowledged };
  const resumption = resumeCommands(position, { isSameSession, received: hello.received.commands });
  if (resumption.kind === "continue") {
    deleteCommandsThrough(sql, resumption.acknowledged);
    updateServer(sql, { commandsAcknowledged: resumption.acknowledged });
    return desk.withdrawExpired(nowMs);
  }
  const lost = listRuns(sql).filter(
    ({ seq }) => seq !== null && seq > resumption.lostAfter && seq <= position.acknowledged,
  );
  desk.lost(
    lost.map((run) => run.runId),
    nowMs,
  );
  restartCommands(sql, position, resumption.restartAt);
  desk.withdrawExpired(nowMs);
}

/** Numbers again what was not acknowledged, from `restartAt + 1`. */
function restartCommands(
  sql: Sql,
  { assigned, acknowledged }: { assigned: number; acknowledged: number },
  restartAt: number,
): void {
  const pending = listCommands(sql, { after: acknowledged, through: assigned });
  deleteAllCommands(sql);
  updateServer(sql, { commandsAssigned: restartAt, commandsAcknowledged: restartAt });
  for (const command of pending) {
    const seq = nextNumber(sql, "commandsAssigned");
    insertCommand(sql, { ...command, seq });
    if (command.runId !== null) setRunSeq(sql, command.runId, seq);
  }
}
