import { accept, type Result } from "@quarterdeck/core/errors/result";
import type { RunId } from "@quarterdeck/core/ids";
import type { Capabilities } from "@quarterdeck/core/protocol/capabilities";
import type { NodeLimits, WaitingAnswer } from "@quarterdeck/core/protocol/relay-api";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import type { RunOrder } from "@quarterdeck/core/protocol/run-order";
import { isHeldByCordon } from "@quarterdeck/core/actions/cordon";
import { findAction } from "@quarterdeck/core/actions/catalogue";
import type { TaskRun } from "@quarterdeck/core/scheduling/scheduler";
import { minuteMs } from "@quarterdeck/core/units";
import { CommandQueue, type WaitingRun } from "../session/command-queue.ts";
import { freeWindow, type StreamPosition } from "../session/command-stream.ts";
import { ExpectedResults } from "../session/expected-results.ts";
import { goodConduct } from "../session/quarantine.ts";
import { validThroughMs, type RenewalOutcome } from "../session/renewal.ts";
import { haveActionsChanged, unsupportedAction } from "../session/unsupported-action.ts";
import { findSeqOnTheWay, insertCommand, listRunsOnTheWay, withdrawCommand } from "../storage/commands.ts";
import { readMeanMs, rememberDuration } from "../storage/durations.ts";
import { findEnded, hasSucceeded, rememberEnded } from "../storage/ended-runs.ts";
import { writeTrust } from "../storage/platform-trust.ts";
import { appendReport } from "../storage/reports.ts";
import { rememberRevocation } from "../storage/revoked-viewers.ts";
import {
  expireSignatures,
  findRun,
  insertRun,
  listRuns,
  listWaitingActions,
  replaceCommand,
  returnCommand,
  takeCommand,
  writePriority,
} from "../storage/runs.ts";
import { listNodeLimits, writeNodeLimits } from "../storage/node-limits.ts";
import { StoredShares } from "../storage/shares.ts";
import { nextNumber, readServer, updateServer } from "../storage/server-record.ts";
import type { Sql } from "../storage/sql.ts";
import type { OpenedEntry, OpenedTrust } from "./outbox-entries.ts";
import { cancelledHere, leaseOver, notFollowing, RunEndings, recordsLost } from "./run-endings.ts";

/** How long a run is expected to take before the first of its kind has ended. */
const unknownReadMs = 250;
const unknownRunMs = minuteMs;

const ordinaryOrder: RunOrder = { after: [], isParallel: false };

/**
 * The runs of one server: takes them from the API, decides which go to the bridge, and ends them. Every change is
 * written before it returns; the queue in memory is rebuilt from the rows. Call it inside a transaction, and throw it
 * away when one fails.
 */
export class RunDesk {
  readonly #sql: Sql;
  readonly #expected = new ExpectedResults();
  readonly #shares: StoredShares;
  readonly #endings: RunEndings;
  #queue: CommandQueue;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#shares = new StoredShares(sql);
    this.#queue = queueOf(sql, this.#shares);
    this.#endings = new RunEndings(sql, () => this.#queue);
  }

  /** Takes outbox entries in order; known ones are ignored and nothing beyond a hole is taken. Returns the newest taken. */
  takeEntries(entries: readonly OpenedEntry[], nowMs: number): number {
    let through = readServer(this.#sql).outboxThrough;
    for (const entry of entries) {
      if (entry.position <= through) continue;
      if (entry.position !== through + 1) break;
      this.#takeEntry(entry, nowMs);
      through = entry.position;
    }
    updateServer(this.#sql, { outboxThrough: through });
    this.#save();
    return through;
  }

  /** What the server offers from now on; what can never start with it ends. */
  setCapacity({ capacity }: Capabilities, nowMs: number): void {
    this.#endings.endUnfit(this.#queue.setCapacity(capacity), nowMs);
    this.#save();
  }

  /**
   * Ends what waits and this bridge cannot do: it may be an older one than the last. Call it before its capabilities are
   * stored.
   */
  refuseUnsupported(capabilities: Capabilities, nowMs: number): void {
    if (!haveActionsChanged(readServer(this.#sql).capabilities, capabilities)) return;
    for (const { runId, action } of listWaitingActions(this.#sql)) {
      const refusal = unsupportedAction(capabilities, action);
      if (refusal && this.#queue.isWaiting(runId)) this.#endings.end(runId, { verdict: "refused", ...refusal }, nowMs);
    }
    this.#save();
  }

  /** Numbers and hands over what may start now. Call it only while a bridge is connected. */
  dispatch(nowMs: number): RunId[] {
    const dispatched: RunId[] = [];
    const { commandsAssigned, commandsAcknowledged, capabilities } = readServer(this.#sql);
    if (capabilities?.blocked) return dispatched;
    const position: StreamPosition = { assigned: commandsAssigned, acknowledged: commandsAcknowledged };
    for (let room = freeWindow(position); room > 0; ) {
      const decision = this.#queue.decide(nowMs);
      if (!decision) break;
      if (decision.kind === "dispatch") {
        this.#sendRun(decision.runId, decision.charge, nowMs);
        dispatched.push(decision.runId);
        room--;
      } else if (readServer(this.#sql).renewalAtMs === null) updateServer(this.#sql, { renewalAtMs: nowMs });
    }
    this.#save();
    return dispatched;
  }

  /** Runs that wait for a new signature, those first whose turn came first. */
  renewals(most: number): RunId[] {
    return this.#queue.renewals().slice(0, most);
  }

  /** Takes what the API said about them. The renewed ones are back at their old places. */
  takeRenewals(outcomes: readonly RenewalOutcome[], nowMs: number): void {
    if (outcomes.length === 0) return;
    for (const outcome of outcomes) {
      const { runId } = outcome;
      // It may have been cancelled while the API was asked.
      if (!this.#queue.isWaiting(runId)) continue;
      if (outcome.kind === "renewed") {
        const { demand, expiresAtMs } = outcome.command;
        replaceCommand(this.#sql, { runId, demand, expiresAtMs, command: outcome.text });
        const run = findRun(this.#sql, runId);
        if (run) this.#endings.endUnfit([this.#queue.renewed(run)], nowMs);
      } else {
        const { verdict, code, message } = outcome;
        this.#endings.end(runId, { verdict, code, message }, nowMs);
      }
    }
    this.#save();
  }

  /**
   * Takes back the commands that the bridge does not have and would refuse as expired: their runs wait again, at their old
   * places, and are signed anew before they get a new number. Call it after a hello, before anything is sent (PROTOCOL 4.11).
   */
  withdrawExpired(nowMs: number): void {
    const expired = listRunsOnTheWay(this.#sql, validThroughMs(nowMs));
    if (expired.length === 0) return;
    for (const { seq, runId } of expired) {
      returnCommand(this.#sql, runId, withdrawCommand(this.#sql, seq));
      const run = findRun(this.#sql, runId);
      if (run) this.#queue.putBack(run);
    }
    this.#save();
  }

  /**
   * The bridge says that a run finished: what it held is free, and what was to follow it may start, or never will.
   *
   * @param result.durationMs how long it ran; `null` when it did not start
   */
  finished(runId: RunId, result: { durationMs: number | null; hasSucceeded: boolean }, nowMs: number): void {
    const { durationMs } = result;
    const run = findRun(this.#sql, runId);
    if (run && durationMs !== null) rememberDuration(this.#sql, run, { durationMs, nowMs });
    const followers = this.#endings.forget(runId, { ...result, durationMs: durationMs ?? 0 }, nowMs);
    for (const follower of followers)
      if (findRun(this.#sql, follower)) this.#endings.end(follower, notFollowing, nowMs);
    this.#save();
  }

  /** Ends runs that the bridge had and knows nothing of any more. */
  lost(runIds: readonly RunId[], nowMs: number): void {
    for (const runId of runIds) this.#endings.end(runId, recordsLost, nowMs);
    this.#save();
  }

  /**
   * Ends runs of a server that has been away for too long. What they held is free, and what of their commands may still be on
   * its way is taken back, so that a bridge that never had them begins nothing.
   */
  endLeases(runIds: readonly RunId[], nowMs: number): void {
    if (runIds.length === 0) return;
    for (const runId of runIds) {
      if (!findRun(this.#sql, runId)) continue;
      const seq = findSeqOnTheWay(this.#sql, runId);
      if (seq !== undefined) withdrawCommand(this.#sql, seq);
      this.#endings.end(runId, leaseOver, nowMs);
    }
    this.#save();
  }

  isWaiting(runId: RunId): boolean {
    return this.#queue.isWaiting(runId);
  }

  /** Whether the bridge owes this result; asked once for each. */
  expects(result: { readonly runId: RunId; readonly isFinished: boolean }): boolean {
    const isOpen = (findRun(this.#sql, result.runId)?.seq ?? null) !== null;
    return this.#expected.take(result, isOpen);
  }

  /** Why a run has not started. */
  waiting(runId: RunId, nowMs: number): Result<Omit<WaitingAnswer, "isOnline">> {
    const run = findRun(this.#sql, runId);
    if (!run) {
      return accept({ state: findEnded(this.#sql, runId) === "ended" ? "ended" : "unknown", waiting: null });
    }
    if (run.seq !== null) return accept({ state: "dispatched", waiting: null });
    const blocked = readServer(this.#sql).capabilities?.blocked;
    if (blocked) return accept({ state: "waiting", waiting: { reason: "blocked", code: blocked } });
    const explained = this.#queue.explain(runId, nowMs);
    return explained.ok ? accept({ state: "waiting", waiting: explained.value }) : explained;
  }

  #takeEntry(entry: OpenedEntry, nowMs: number): void {
    if ("opened" in entry) this.#takeTrust(entry.opened);
    if (entry.kind === "register") {
      updateServer(this.#sql, { orgId: entry.orgId, publicKey: entry.publicKey, isRevoked: false, ...goodConduct });
    } else if (entry.kind === "revoke") this.#revoke(nowMs);
    else if (entry.kind === "revokeViewers") rememberRevocation(this.#sql, entry.userId, entry.atMs);
    else if (entry.kind === "cancel") this.#cancel(entry, nowMs);
    else if (entry.kind === "priority") this.#setPriority(entry);
    else if (entry.kind === "command") this.#takeCommand(entry, nowMs);
    else if (entry.kind === "limits") this.#takeLimits(entry.nodes, nowMs);
    else if (entry.kind === "cordon") this.#takeCordon(entry, nowMs);
  }

  #takeLimits(nodes: readonly NodeLimits[], nowMs: number): void {
    writeNodeLimits(this.#sql, nodes);
    this.#endings.endUnfit(this.#queue.setLimits(nodes), nowMs);
  }

  /** The report follows those of everything that was dispatched before, so the API knows that nothing else starts. */
  #takeCordon({ isCordoned, position }: Extract<OpenedEntry, { kind: "cordon" }>, nowMs: number): void {
    updateServer(this.#sql, { isCordoned });
    this.#queue.setCordon(isCordoned);
    const isRenewalDue = readServer(this.#sql).renewalAtMs === null && this.#queue.renewals().length > 0;
    if (isRenewalDue) updateServer(this.#sql, { renewalAtMs: nowMs });
    appendReport(this.#sql, { kind: "cordonTaken", atMs: nowMs, position });
  }

  /** What a key signed that is not trusted any more would be refused by the bridge, so it is signed anew. */
  #takeTrust(opened: OpenedTrust | null): void {
    if (!opened) return;
    writeTrust(this.#sql, opened);
    if (!opened.hasDropped) return;
    expireSignatures(this.#sql);
    this.#save();
    this.#queue = queueOf(this.#sql, this.#shares);
  }

  #takeCommand(entry: Extract<OpenedEntry, { kind: "command" }>, nowMs: number): void {
    const { command, problem, isStale } = entry;
    const { runId } = command;
    const ended = findEnded(this.#sql, runId);
    if (findRun(this.#sql, runId) || ended === "ended") return;
    if (ended === "tombstone") return this.#endings.end(runId, cancelledHere, nowMs);
    if (problem && !isStale) return this.#endings.end(runId, { verdict: "refused", ...problem }, nowMs);
    if (readServer(this.#sql).isRevoked) {
      return this.#endings.end(
        runId,
        { verdict: "refused", code: "REVOKED", message: "The server was removed." },
        nowMs,
      );
    }
    const unsupported = unsupportedAction(readServer(this.#sql).capabilities, command.action);
    if (unsupported) return this.#endings.end(runId, { verdict: "refused", ...unsupported }, nowMs);
    const isRead = findAction(command.action)?.isRead ?? false;
    const { after, isParallel } = entry.order ?? ordinaryOrder;
    const { orgId, workspaceId, projectId, priority, demand, action } = command;
    const run: WaitingRun = {
      runId,
      position: entry.position,
      orgId,
      workspaceId,
      projectId,
      priority,
      isOrdered: !isRead && projectId !== null && !isParallel,
      isHeldByCordon: isHeldByCordon(action),
      after,
      demand,
      expectedMs: readMeanMs(this.#sql, { projectId, action }) ?? (isRead ? unknownReadMs : unknownRunMs),
      // The API signs it anew at its turn, if it knows the run; nothing of this text reaches the bridge.
      expiresAtMs: isStale ? 0 : command.expiresAtMs,
    };
    const { signed, signature, sealed } = entry;
    // What failed before this came, or is forgotten, will not succeed any more.
    const isInVain = after.some((other) => !findRun(this.#sql, other) && !hasSucceeded(this.#sql, other));
    if (isInVain) return this.#endings.end(runId, notFollowing, nowMs);
    const lease = { isDetached: command.detached !== false, timeoutMs: command.limits.timeoutMs };
    insertRun(this.#sql, { ...run, ...lease, action, command: { signed, signature, sealed } });
    this.#endings.endUnfit([this.#queue.enqueue(run)], nowMs);
  }

  #setPriority({ runId, priority }: Extract<OpenedEntry, { kind: "priority" }>): void {
    if (this.#queue.setPriority(runId, priority)) writePriority(this.#sql, runId, priority);
  }

  #cancel(entry: Extract<OpenedEntry, { kind: "cancel" }>, nowMs: number): void {
    const { runId, signed, signature, problem } = entry;
    if (this.#queue.isWaiting(runId)) return this.#endings.end(runId, cancelledHere, nowMs);
    if (findRun(this.#sql, runId)) {
      // A cancel that the bridge would refuse is not sent; the run goes on and its result tells.
      if (!problem) this.#sendCancel({ signed, signature });
    } else if (!findEnded(this.#sql, runId)) {
      rememberEnded(this.#sql, runId, { state: "tombstone", atMs: nowMs });
    }
  }

  #revoke(nowMs: number): void {
    updateServer(this.#sql, { isRevoked: true });
    // What follows others ends before them, so that it is said why.
    for (const run of listRuns(this.#sql).reverse()) {
      const verdict = run.seq === null ? "refused" : "indeterminate";
      this.#endings.end(
        run.runId,
        { verdict, code: "REVOKED", message: "The server was removed from the platform." },
        nowMs,
      );
    }
  }

  #sendRun(runId: RunId, charge: TaskRun, nowMs: number): void {
    const seq = nextNumber(this.#sql, "commandsAssigned");
    insertCommand(this.#sql, { seq, runId, ...takeCommand(this.#sql, runId, { seq, charge }) });
    appendReport(this.#sql, { kind: "dispatched", atMs: nowMs, runId });
  }

  #sendCancel(text: SignedText): void {
    const seq = nextNumber(this.#sql, "commandsAssigned");
    insertCommand(this.#sql, { seq, runId: null, ...text, sealed: null });
  }

  /** Stores what the scheduler must know after a restart. */
  #save(): void {
    this.#shares.write(this.#queue.takeChanges());
    const patience = this.#queue.patience();
    if (JSON.stringify(patience) !== JSON.stringify(readServer(this.#sql).patience)) {
      updateServer(this.#sql, { patience });
    }
  }
}

/** The queue as what is stored makes it. */
function queueOf(sql: Sql, shares: StoredShares): CommandQueue {
  const { capabilities, patience, isCordoned } = readServer(sql);
  return new CommandQueue({
    runs: listRuns(sql),
    limits: listNodeLimits(sql),
    capacity: capabilities?.capacity ?? null,
    shares: shares.rows(),
    patience,
    isCordoned,
  });
}
