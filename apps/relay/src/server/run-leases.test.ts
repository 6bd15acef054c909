import type { Command } from "@quarterdeck/core/protocol/command";
import type { HelloBody } from "@quarterdeck/core/protocol/handshake";
import type { OrgId, RunId, SessionId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import { isWithdrawn } from "@quarterdeck/core/protocol/withdrawn-command";
import { dayMs, hourMs, minuteMs } from "@quarterdeck/core/units";
import fc from "fast-check";
import { expect, test } from "vitest";
import { listCommands } from "../storage/commands.ts";
import { listLeases } from "../storage/leases.ts";
import { oldestReports } from "../storage/reports.ts";
import { gatherServerChanges, readServer, updateServer } from "../storage/server-record.ts";
import { capabilities } from "../../test/fake-bridge.ts";
import { openMemorySql } from "../../test/memory-sql.ts";
import { acknowledgeCommands, resumeStreams, takeResults } from "./bridge-streams.ts";
import { RunDesk } from "./run-desk.ts";
import { RunLeases } from "./run-leases.ts";

const timeoutMs = hourMs;
const orgId = `org_${"0".repeat(26)}` as OrgId;
const ordinary = { isDetached: true, after: [] as RunId[] };

/** One server's storage, desk and leases, between an API and a bridge that may be away. */
class World {
  nowMs = 1_800_000_000_000;
  readonly #sql = openMemorySql();
  #desk: RunDesk;
  #leases: RunLeases;
  #position = 0;
  #results = 0;
  isAway = true;
  isFull = false;

  constructor() {
    [this.#desk, this.#leases] = this.#open();
    this.connect();
  }

  #open(): [RunDesk, RunLeases] {
    const sql = this.#sql;
    const desk = new RunDesk(sql);
    const transact = <T>(change: () => T) => {
      if (this.isFull) throw new Error("the storage is full");
      return gatherServerChanges(sql, change);
    };
    return [desk, new RunLeases({ sql, desk, transact, server: () => readServer(sql) })];
  }

  /** The object is thrown out of memory. */
  evict(): void {
    [this.#desk, this.#leases] = this.#open();
  }

  submit({ isDetached, after } = ordinary): RunId {
    const position = ++this.#position;
    const runId = `run_${String(position).padStart(26, "0")}` as RunId;
    const command = {
      runId,
      orgId,
      workspaceId: null,
      projectId: null,
      action: "exec",
      priority: "normal",
      demand: { cpu: 1, memory: 1, runs: 1 },
      limits: { timeoutMs, outputBytes: 1 },
      expiresAtMs: this.nowMs + 15 * minuteMs,
      ...(isDetached ? {} : { detached: false }),
    } as Command;
    const text = { signed: JSON.stringify(command), signature: "s", sealed: null };
    const entry = { kind: "command", position, ...text, order: { after, isParallel: false } } as const;
    this.#desk.takeEntries([{ ...entry, command, problem: null, isStale: false }], this.nowMs);
    this.#dispatch();
    return runId;
  }

  #dispatch(): void {
    if (!this.isAway) this.#desk.dispatch(this.nowMs);
  }

  acknowledge(): void {
    acknowledgeCommands(this.#sql, readServer(this.#sql).commandsAssigned);
  }

  connect(): void {
    const { commandsAcknowledged: commands } = readServer(this.#sql);
    const hello = { sessionId: "ses_1" as SessionId, capabilities, received: { commands } } as HelloBody;
    resumeStreams({ sql: this.#sql, desk: this.#desk }, hello, this.nowMs);
    this.#desk.setCapacity(capabilities, this.nowMs);
    updateServer(this.#sql, { capabilities, absence: null });
    this.isAway = false;
    this.#dispatch();
  }

  goAway(): void {
    if (!this.isAway) this.#leases.begin(this.nowMs);
    this.isAway = true;
  }

  get dueMs(): number | null {
    return this.#leases.dueMs(this.nowMs);
  }

  look(): void {
    this.#leases.look(this.nowMs);
  }

  /** The alarm rings whenever it is set for, until this much time has passed. */
  wait(forMs: number): void {
    const untilMs = this.nowMs + forMs;
    for (;;) {
      const dueMs = this.#leases.dueMs(this.nowMs);
      if (dueMs === null || dueMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, dueMs);
      this.#leases.look(this.nowMs);
    }
    this.nowMs = untilMs;
  }

  /** The bridge says how a run ended, whether it is open here or not. */
  result(runId: RunId): void {
    const seq = ++this.#results;
    const ids = {
      serverId: `srv_${"0".repeat(26)}`,
      commandId: `cmd_${"0".repeat(26)}`,
      taskId: `task_${"0".repeat(26)}`,
    };
    const end = { verdict: "succeeded", exitCode: 0, signal: null, startedAtMs: 1, finishedAtMs: 2, durationMs: 1 };
    const output = {
      outputBytes: 0,
      outputCutBytes: 0,
      tail: null,
      code: null,
      message: null,
      quote: null,
      repository: null,
    };
    const body = { v: 1, ...ids, runId, attempt: 1, kind: "finished", ...end, ...output };
    takeResults(
      { sql: this.#sql, desk: this.#desk },
      [{ seq, signed: JSON.stringify(body), signature: "s" }],
      this.nowMs,
    );
    this.#dispatch();
  }

  /** The runs that hold something on the server. */
  get open(): RunId[] {
    return listLeases(this.#sql).map(({ runId }) => runId);
  }

  /** How the relay itself ended runs. */
  get ended(): { runId: RunId; verdict: string; code: string }[] {
    const reports = oldestReports(this.#sql, { count: 10_000, bytes: 100_000_000 }).map(
      ({ body }) => JSON.parse(body) as { kind: string },
    );
    return reports.filter(({ kind }) => kind === "ended") as never;
  }

  get commands() {
    return listCommands(this.#sql, { after: 0, through: 1000 });
  }
}

test("[F7] a run that may not go on alone is kept open for the lease, one that may for its time-out, and both end", () => {
  const world = new World();
  const [attached, detached] = [world.submit({ ...ordinary, isDetached: false }), world.submit()];
  world.acknowledge();
  world.goAway();
  world.wait(limits.leaseMs - 1);
  expect(world.open).toEqual([attached, detached]);
  world.wait(1);
  expect(world.ended).toMatchObject([{ runId: attached, verdict: "indeterminate", code: "LEASE_EXPIRED" }]);
  world.wait(timeoutMs);
  expect(world.open).toEqual([detached]);
  world.wait(hourMs);
  expect(world.ended.map(({ runId }) => runId)).toEqual([attached, detached]);
  expect(world.open).toEqual([]);
});

test("a look that fails is not tried again at once, and nothing of it is lost", () => {
  const world = new World();
  const runId = world.submit({ ...ordinary, isDetached: false });
  world.goAway();
  world.wait(limits.leaseMs - 1);
  world.isFull = true;
  world.nowMs += 1;
  expect(() => world.look()).toThrow("full");
  expect(world.dueMs).toBe(world.nowMs + limits.leaseLateMs);
  expect(world.open).toEqual([runId]);
  world.isFull = false;
  world.wait(limits.leaseLateMs);
  expect(world.open).toEqual([]);
});

test("[F7] evictions change nothing of it: each alarm finds the object anew", () => {
  const world = new World();
  const runId = world.submit({ ...ordinary, isDetached: false });
  world.goAway();
  for (let passedMs = 0; passedMs < limits.leaseMs; passedMs += minuteMs) {
    expect(world.open).toEqual([runId]);
    world.evict();
    world.wait(minuteMs);
  }
  expect(world.open).toEqual([]);
});

test("[F7] a connection renews the leases of all runs, and an absence begins anew", () => {
  const world = new World();
  const runId = world.submit({ ...ordinary, isDetached: false });
  world.acknowledge();
  for (let times = 0; times < 3; times++) {
    world.goAway();
    world.wait(limits.leaseMs - 1);
    world.connect();
    world.wait(dayMs);
  }
  expect(world.open).toEqual([runId]);
});

test("[F7] what follows a run whose lease is over does not start, and a command that was on its way is taken back", () => {
  const world = new World();
  const first = world.submit();
  const follower = world.submit({ ...ordinary, after: [first] });
  world.goAway();
  world.wait(dayMs);
  expect(world.ended).toMatchObject([
    { runId: first, code: "LEASE_EXPIRED" },
    { runId: follower, code: "DEPENDENCY_FAILED" },
  ]);
  expect(world.commands.map((command) => isWithdrawn(command))).toEqual([true]);
});

type Move =
  | "submit"
  | "submitAttached"
  | "acknowledge"
  | "goAway"
  | "connect"
  | "wait"
  | "jump"
  | "away"
  | "late"
  | "evict";
const moves: fc.Arbitrary<{ move: Move; pick: number }> = fc.record({
  move: fc.constantFrom<Move>(
    "submit",
    "submit",
    "submitAttached",
    "acknowledge",
    "goAway",
    "goAway",
    "connect",
    "connect",
    "wait",
    "wait",
    "jump",
    "away",
    "late",
    "late",
    "evict",
  ),
  pick: fc.nat(1000),
});

test("[F7] whatever happens, each run ends here once, and what it held is given back once", () => {
  fc.assert(
    fc.property(fc.array(moves, { maxLength: 60 }), (steps) => {
      const world = new World();
      const runs: RunId[] = [];
      for (const { move, pick } of steps) {
        const some = runs[pick % Math.max(1, runs.length)];
        if (move === "submit") runs.push(world.submit());
        else if (move === "submitAttached") runs.push(world.submit({ ...ordinary, isDetached: false }));
        else if (move === "acknowledge") world.acknowledge();
        else if (move === "goAway") world.goAway();
        else if (move === "connect") world.connect();
        else if (move === "wait") world.wait(pick * 10_000);
        else if (move === "jump") world.nowMs += (pick - 500) * hourMs;
        else if (move === "away") world.nowMs += pick * minuteMs;
        else if (move === "evict") world.evict();
        // Results come from a bridge that is there, also of runs that ended here, and again.
        else if (some !== undefined && !world.isAway) world.result(some);
        // Nothing is given back twice: then more would run than the server has room for.
        expect(world.open.length).toBeLessThanOrEqual(capabilities.capacity.runs);
        const endedHere = world.ended.map(({ runId }) => runId);
        expect(new Set(endedHere).size).toBe(endedHere.length);
      }
      // Nor is anything kept: with a bridge that ends what it has, as much runs as there is room for.
      world.connect();
      for (const runId of world.open) world.result(runId);
      for (let rounds = 0; world.open.length > 0 && rounds < 100; rounds++)
        for (const runId of world.open) world.result(runId);
      expect(world.open).toEqual([]);
      for (let count = 0; count <= capabilities.capacity.runs; count++) world.submit();
      expect(world.open.length).toBe(capabilities.capacity.runs);
    }),
    { seed: 11, numRuns: 100 },
  );
});
