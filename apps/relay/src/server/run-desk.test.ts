import assert from "node:assert/strict";
import type { ProjectId, RunId, ServerId, SessionId, WorkspaceId } from "@quarterdeck/core/ids";
import { priorities, type Command } from "@quarterdeck/core/protocol/command";
import type { Report } from "@quarterdeck/core/protocol/relay-api";
import type { RunOrder } from "@quarterdeck/core/protocol/run-order";
import type { HelloBody } from "@quarterdeck/core/protocol/handshake";
import { isWithdrawn } from "@quarterdeck/core/protocol/withdrawn-command";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sendableThrough } from "../session/command-stream.ts";
import type { RenewalOutcome } from "../session/renewal.ts";
import { listCommands } from "../storage/commands.ts";
import { oldestReports } from "../storage/reports.ts";
import { listRuns } from "../storage/runs.ts";
import { readServer, updateServer } from "../storage/server-record.ts";
import { readText, type Sql } from "../storage/sql.ts";
import { capabilities } from "../../test/fake-bridge.ts";
import { openMemorySql } from "../../test/memory-sql.ts";
import { acknowledgeCommands, resumeStreams, takeResults } from "./bridge-streams.ts";
import type { OpenedEntry } from "./outbox-entries.ts";
import { RunDesk } from "./run-desk.ts";

const id = (prefix: string, last = "0") => `${prefix}_${"0".repeat(25)}${last}`;
const projects = ["a", "b", "c"].map((last) => id("prj", last)) as ProjectId[];
const lifeMs = 1_000_000;
const hello = { sessionId: "ses_1" as SessionId, capabilities, received: { commands: 0 } } as HelloBody;

type Step =
  | "enqueue"
  | "repeat"
  | "cancel"
  | "priority"
  | "deliver"
  | "lose"
  | "finish"
  | "resend"
  | "reconnect"
  | "renew"
  | "refuse"
  | "stayAway"
  | "restart";
const steps: fc.Arbitrary<{ kind: Step; pick: number }> = fc.record({
  kind: fc.constantFrom<Step>(
    "enqueue",
    "enqueue",
    "enqueue",
    "repeat",
    "cancel",
    "priority",
    "deliver",
    "deliver",
    "lose",
    "finish",
    "finish",
    "resend",
    "reconnect",
    "renew",
    "refuse",
    "stayAway",
    "restart",
  ),
  pick: fc.nat(1000),
});

/** The relay's storage and desk between an API and a bridge, both of which are exact and may repeat themselves. */
class World {
  readonly sql = openMemorySql();
  readonly entries: OpenedEntry[] = [];
  readonly submitted = new Map<ProjectId, RunId[]>();
  readonly cancelled = new Set<string>();
  /** What the bridge has, in the order it came. */
  readonly received: { runId: RunId; projectId: ProjectId | null; action: string }[] = [];
  readonly finished: RunId[] = [];
  /** Which runs each follows, and those that may run beside others of their project. */
  readonly after = new Map<RunId, RunId[]>();
  readonly parallel = new Set<RunId>();
  readonly succeeded = new Set<RunId>();
  /** Runs that the API refused to sign anew. */
  readonly refused = new Set<string>();
  #nowMs = 1;
  #desk = new RunDesk(this.sql);
  #isOnline = false;
  #sentThrough = 0;
  #bridgeThrough = 0;
  #resultItems: { seq: number; signed: string; signature: string }[] = [];

  step(kind: Step, pick: number): void {
    if (kind === "enqueue") this.#enqueue(projects[pick % projects.length] as ProjectId, pick);
    else if (kind === "repeat")
      this.#desk.takeEntries(this.entries.slice(pick % (this.entries.length + 1)), this.#nowMs);
    else if (kind === "cancel") this.#cancel(pick);
    else if (kind === "priority") this.#setPriority(pick);
    else if (kind === "deliver") this.#deliver(true);
    else if (kind === "lose") this.#deliver(false);
    else if (kind === "finish") this.#finish(pick);
    else if (kind === "resend") this.#results(this.#resultItems.slice(pick % (this.#resultItems.length + 1)));
    else if (kind === "renew") this.#renew(() => true);
    else if (kind === "refuse") this.#renew((index) => index !== pick % 3);
    else if (kind === "stayAway") this.#stayAway();
    else if (kind === "restart") this.#desk = new RunDesk(this.sql);
    else this.connect();
    if (this.#isOnline) this.#desk.dispatch(this.#nowMs);
    this.#checkRunning();
  }

  connect(): void {
    this.#isOnline = true;
    resumeStreams(
      { sql: this.sql, desk: this.#desk },
      { ...hello, received: { commands: this.#bridgeThrough } },
      this.#nowMs,
    );
    this.#desk.setCapacity(capabilities, this.#nowMs);
    updateServer(this.sql, { capabilities });
    this.#sentThrough = readServer(this.sql).commandsAcknowledged;
  }

  /** Lets everything run to its end. */
  drain(): void {
    this.connect();
    for (let round = 0; round < 1000; round++) {
      this.#desk.dispatch(this.#nowMs);
      this.#renew(() => true);
      this.#deliver(true);
      if (this.#unfinished().length === 0 && this.sql.exec("SELECT 1 FROM runs").toArray().length === 0) return;
      this.#finish(round);
    }
    throw new Error("runs are left over");
  }

  #enqueue(projectId: ProjectId, pick: number): void {
    const position = this.entries.length + 1;
    const runId = `run_${String(position).padStart(26, "0")}` as RunId;
    const command = {
      runId,
      projectId,
      orgId: id("org") as Command["orgId"],
      workspaceId: id("ws") as WorkspaceId,
      priority: priorities[position % 4],
      action: "exec",
      demand: { cpu: 500, memory: 1, runs: 1 },
      limits: { timeoutMs: lifeMs, outputBytes: 1 },
      // One in three waits so long that it must be signed anew.
      expiresAtMs: this.#nowMs + (position % 3 === 0 ? 1 : lifeMs),
      serverId: "srv_1" as ServerId,
    } as Command;
    const text = { signed: JSON.stringify(command), signature: "s", sealed: "s" };
    const all = [...this.submitted.values()].flat();
    const after = pick % 3 === 0 ? [pick, pick + 7].flatMap((index) => all[index % Math.max(1, all.length)] ?? []) : [];
    const isParallel = pick % 5 === 0;
    this.after.set(runId, after);
    if (isParallel) this.parallel.add(runId);
    const order = after.length > 0 || isParallel ? { order: { after, isParallel } } : {};
    this.#push({ kind: "command", position, command, problem: null, isStale: false, ...text, ...order });
    this.submitted.set(projectId, [...(this.submitted.get(projectId) ?? []), runId]);
  }

  #setPriority(pick: number): void {
    const known = [...this.submitted.values()].flat();
    const runId = known[pick % Math.max(1, known.length)];
    if (runId === undefined) return;
    const priority = priorities[pick % priorities.length] as (typeof priorities)[number];
    this.#push({ kind: "priority", position: this.entries.length + 1, runId, priority });
  }

  #cancel(pick: number): void {
    const all = [...this.submitted.values()].flat();
    const runId = all[pick % Math.max(1, all.length)];
    if (!runId) return;
    this.cancelled.add(runId);
    const signed = JSON.stringify({ runId, projectId: null, action: "task.cancel" });
    this.#push({ kind: "cancel", position: this.entries.length + 1, runId, problem: null, signed, signature: "s" });
  }

  /** The connection is cut, and signatures run out before the bridge is back. */
  #stayAway(): void {
    this.#isOnline = false;
    this.#nowMs += lifeMs;
  }

  /** The API signs anew what waits for it, or says why not. */
  #renew(isAllowed: (index: number) => boolean): void {
    const outcomes = this.#desk.renewals(100).map((runId, index): RenewalOutcome => {
      if (!isAllowed(index)) {
        this.refused.add(runId);
        return { kind: "ended", runId, verdict: "refused", code: "FORBIDDEN", message: "no" };
      }
      const [row] = this.sql.exec("SELECT signed FROM runs WHERE run_id = ?", runId).toArray();
      const command = { ...(JSON.parse(readText(row ?? {}, "signed")) as Command), expiresAtMs: this.#nowMs + lifeMs };
      return {
        kind: "renewed",
        runId,
        command,
        text: { signed: JSON.stringify(command), signature: "s", sealed: "s" },
      };
    });
    this.#desk.takeRenewals(outcomes, this.#nowMs);
  }

  #push(entry: OpenedEntry): void {
    this.entries.push(entry);
    assert.equal(this.#desk.takeEntries([entry], this.#nowMs), entry.position);
  }

  /** The relay sends; the bridge journals, and its acknowledgement arrives or is lost. */
  #deliver(isAcknowledged: boolean): void {
    if (!this.#isOnline) return;
    const { commandsAssigned: assigned, commandsAcknowledged: acknowledged } = readServer(this.sql);
    const through = sendableThrough({ assigned, acknowledged });
    for (const { seq, signed } of listCommands(this.sql, { after: this.#sentThrough, through })) {
      if (seq <= this.#bridgeThrough) continue;
      assert.equal(seq, this.#bridgeThrough + 1);
      this.#bridgeThrough = seq;
      if (isWithdrawn({ signed })) continue;
      const command = JSON.parse(signed) as World["received"][number] & { readonly expiresAtMs?: number };
      assert.ok((command.expiresAtMs ?? Infinity) > this.#nowMs, "the bridge would refuse it as expired");
      this.received.push(command);
      const isReady = (this.after.get(command.runId) ?? []).every((before) => this.succeeded.has(before));
      assert.ok(isReady || command.action !== "exec", "it started before what it follows had succeeded");
    }
    this.#sentThrough = Math.max(this.#sentThrough, through);
    if (isAcknowledged) assert.ok(acknowledgeCommands(this.sql, this.#bridgeThrough).ok);
  }

  #unfinished(): RunId[] {
    return this.received
      .filter((run) => run.action === "exec" && !this.finished.includes(run.runId))
      .map((run) => run.runId);
  }

  #finish(pick: number): void {
    const running = this.#unfinished();
    const runId = running[pick % Math.max(1, running.length)];
    if (!runId || !this.#isOnline) return;
    this.finished.push(runId);
    const seq = this.#resultItems.length + 1;
    const hasSucceeded = pick % 4 !== 3;
    if (hasSucceeded) this.succeeded.add(runId);
    const result = { ...resultOf(runId), ...(hasSucceeded ? {} : { verdict: "failed", exitCode: 1 }) };
    this.#resultItems.push({ seq, signed: JSON.stringify(result), signature: "s" });
    this.#results(this.#resultItems.slice(readServer(this.sql).resultsReceived));
  }

  #results(items: readonly { seq: number; signed: string; signature: string }[]): void {
    if (items.length === 0 || !this.#isOnline) return;
    const taken = takeResults({ sql: this.sql, desk: this.#desk }, items, this.#nowMs);
    // Every result was owed: an honest bridge is never charged for one (PROTOCOL 7.2).
    assert.deepEqual(taken, { ok: true, value: { through: this.#resultItems.length, unexpected: 0 } });
  }

  #checkRunning(): void {
    const running = this.#unfinished();
    assert.ok(running.length <= capabilities.capacity.runs);
    // Cancels name the run that they are for, and are no runs.
    const runs = this.received.filter((run) => run.action === "exec" && running.includes(run.runId));
    const busy = runs.filter((run) => !this.parallel.has(run.runId)).map((run) => run.projectId);
    assert.equal(new Set(busy).size, busy.length);
  }
}

function resultOf(runId: RunId) {
  return {
    v: 1,
    kind: "finished",
    serverId: id("srv"),
    commandId: id("cmd"),
    runId,
    taskId: id("task"),
    attempt: 1,
    verdict: "succeeded",
    exitCode: 0,
    signal: null,
    startedAtMs: 1,
    finishedAtMs: 1,
    durationMs: 1,
    outputBytes: 0,
    outputCutBytes: 0,
    tail: null,
    quote: null,
    code: null,
    message: null,
    repository: null,
  };
}

test("[F3] no interleaving of the outbox, acknowledgements, results, renewals, long absences, reconnects and restarts loses, repeats or reorders a run", () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 120, size: "max" }), (script) => {
      const world = new World();
      for (const { kind, pick } of script) world.step(kind, pick);
      world.drain();
      const started = world.received.filter((run) => run.action === "exec");
      expect(new Set(started.map((run) => run.runId)).size).toBe(started.length);
      const reports = oldestReports(world.sql, { count: 10_000, bytes: 1e9 }).map(
        ({ body }) => JSON.parse(body) as Report,
      );
      expect(reports.map((report) => report.seq)).toEqual(reports.map((_, index) => index + 1));
      const ended = reports.filter((report) => report.kind === "ended");
      expect(new Set(ended.map((report) => report.runId)).size).toBe(ended.length);
      for (const { runId, code } of ended) {
        const isInVain = (world.after.get(runId) ?? []).some((before) => !world.succeeded.has(before));
        if (code === "DEPENDENCY_FAILED") expect(isInVain).toBe(true);
        else expect(world.cancelled.has(runId) || world.refused.has(runId)).toBe(true);
      }
      for (const [projectId, runIds] of world.submitted) {
        const isOrdered = (runId: RunId) => !world.parallel.has(runId);
        const own = started.filter((run) => run.projectId === projectId).map((run) => run.runId);
        const dropped = ended.map((report) => report.runId as string);
        const left = runIds.filter((runId) => !dropped.includes(runId));
        expect(own.filter(isOrdered)).toEqual(left.filter(isOrdered));
        expect(own.toSorted()).toEqual(left.toSorted());
      }
    }),
    { seed: 300, numRuns: 200 },
  );
});

function entryOf(position: number, order?: RunOrder): OpenedEntry {
  const runId = `run_${String(position).padStart(26, "0")}` as RunId;
  const command = {
    runId,
    projectId: null,
    orgId: id("org") as Command["orgId"],
    workspaceId: id("ws") as WorkspaceId,
    priority: "normal",
    action: "exec",
    demand: { cpu: 500, memory: 1, runs: 1 },
    limits: { timeoutMs: lifeMs, outputBytes: 1 },
    expiresAtMs: lifeMs,
  } as Command;
  const text = { signed: JSON.stringify(command), signature: "s", sealed: null };
  const base = { kind: "command", position, command, problem: null, isStale: false, ...text } as const;
  return order ? { ...base, order } : base;
}

const runOf = (position: number) => `run_${String(position).padStart(26, "0")}` as RunId;
const following = (...positions: number[]): RunOrder => ({ after: positions.map(runOf), isParallel: false });
const endsOf = (sql: Sql) =>
  oldestReports(sql, { count: 10_000, bytes: 1e9 })
    .map(({ body }) => JSON.parse(body) as Report)
    .flatMap((report) => (report.kind === "ended" ? [`${Number(report.runId.slice(4))} ${report.code}`] : []));

test("what follows a run that did not succeed ends with it, and so does what follows that, a thousand deep", () => {
  const sql = openMemorySql();
  const desk = new RunDesk(sql);
  desk.takeEntries([entryOf(1), ...Array.from({ length: 2000 }, (_, n) => entryOf(n + 2, following(n + 1)))], 1);
  desk.setCapacity(capabilities, 1);
  expect(desk.dispatch(1)).toEqual([runOf(1)]);
  desk.finished(runOf(1), { durationMs: 1, hasSucceeded: false }, 1);
  expect(endsOf(sql)).toEqual(Array.from({ length: 2000 }, (_, n) => `${n + 2} DEPENDENCY_FAILED`));
  expect(desk.dispatch(1)).toEqual([]);
});

test("what comes after its predecessor ended is judged by how that ended, also of one that nobody remembers", () => {
  const sql = openMemorySql();
  const desk = new RunDesk(sql);
  desk.takeEntries([entryOf(1), entryOf(2)], 1);
  desk.setCapacity(capabilities, 1);
  desk.dispatch(1);
  desk.finished(runOf(1), { durationMs: 1, hasSucceeded: true }, 1);
  desk.finished(runOf(2), { durationMs: 1, hasSucceeded: false }, 1);
  const late = [
    entryOf(3, following(1)),
    entryOf(4, following(1, 2)),
    entryOf(5, following(99)),
    entryOf(6, following(4)),
  ];
  desk.takeEntries(late, 1);
  expect(desk.dispatch(1)).toEqual([runOf(3)]);
  expect(endsOf(sql)).toEqual(["4 DEPENDENCY_FAILED", "5 DEPENDENCY_FAILED", "6 DEPENDENCY_FAILED"]);
});

test("a cancelled run takes those along that were to follow it; a removed server ends each for that reason", () => {
  const sql = openMemorySql();
  const desk = new RunDesk(sql);
  const text = { signed: "", signature: "s", problem: null };
  desk.takeEntries([entryOf(1), entryOf(2, following(1)), entryOf(3), entryOf(4, following(3))], 1);
  desk.takeEntries([{ kind: "cancel", position: 5, runId: runOf(1), ...text }], 1);
  expect(endsOf(sql)).toEqual(["1 CANCELLED", "2 DEPENDENCY_FAILED"]);
  desk.takeEntries([{ kind: "revoke", position: 6 }], 1);
  expect(endsOf(sql).slice(2)).toEqual(["4 REVOKED", "3 REVOKED"]);
});

test("a waiting run that is put into another band starts by that, also after a restart; others are not touched", () => {
  const sql = openMemorySql();
  const desk = new RunDesk(sql);
  const one = { ...capabilities, capacity: { ...capabilities.capacity, runs: 1 } };
  desk.takeEntries([entryOf(1), entryOf(2), entryOf(3)], 1);
  desk.setCapacity(one, 1);
  updateServer(sql, { capabilities: one });
  expect(desk.dispatch(1)).toEqual([runOf(1)]);
  const raise = (position: number, n: number) =>
    desk.takeEntries([{ kind: "priority", position, runId: runOf(n), priority: "urgent" }], 1);
  for (const [position, n] of [
    [4, 1],
    [5, 3],
    [6, 99],
  ] as const)
    raise(position, n);
  expect(listRuns(sql).map(({ priority }) => priority)).toEqual(["normal", "normal", "urgent"]);
  const restarted = new RunDesk(sql);
  for (const each of [desk, restarted])
    expect(each.waiting(runOf(3), 1)).toMatchObject({ value: { waiting: { position: 1 } } });
  restarted.finished(runOf(1), { durationMs: 1, hasSucceeded: true }, 1);
  expect(restarted.dispatch(1)).toEqual([runOf(3)]);
});
