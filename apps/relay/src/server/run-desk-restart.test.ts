import assert from "node:assert/strict";
import type { OrgId, ProjectId, RunId, ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import { priorities, type Command } from "@quarterdeck/core/protocol/command";
import type { NodeLimits } from "@quarterdeck/core/protocol/relay-api";
import fc from "fast-check";
import { expect, test } from "vitest";
import { forgetServer, readServer, updateServer } from "../storage/server-record.ts";
import type { Row } from "../storage/sql.ts";
import { capabilities } from "../../test/fake-bridge.ts";
import { openMemorySql } from "../../test/memory-sql.ts";
import { acknowledgeCommands } from "./bridge-streams.ts";
import type { OpenedEntry } from "./outbox-entries.ts";
import { RunDesk } from "./run-desk.ts";

const id = (prefix: string, last: number) => `${prefix}_${String(last).padStart(26, "0")}`;
const orgOf = (org: number) => id("org", org) as OrgId;
/** Of each org two workspaces, and of each workspace two projects. */
const workspaceOf = (org: number, workspace: number) => id("ws", 2 * org + workspace) as WorkspaceId;
const projectOf = (org: number, workspace: number, project: number) =>
  id("prj", 4 * org + 2 * workspace + project) as ProjectId;

const org = fc.nat(2);
const half = fc.nat(1);
const cpu = fc.constantFrom(0, 250, 500, 500, 1000, 1500, 2000);
const limit = fc.constantFrom(null, null, 500, 1000, 2000);
const weight = fc.constantFrom(1, 1, 2, 5, 1000);

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("enqueue" as const),
      org,
      workspace: half,
      project: half,
      count: fc.integer({ min: 1, max: 4 }),
      priority: fc.constantFrom(...priorities),
      cpu,
      isParallel: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("dispatch" as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("finish" as const),
      which: fc.nat(99),
      durationMs: fc.constantFrom(null, 0, 100, 5000, 60_000, 900_000),
      hasSucceeded: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel" as const), which: fc.nat(99) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1, 4000, 9000, 50_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("limits" as const),
      nodes: fc.array(fc.record({ limit, weight, isElsewhere: fc.boolean() }), { minLength: 21, maxLength: 21 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("capacity" as const), cpu: fc.constantFrom(1000, 2000, 3000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("acknowledge" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("withdraw" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** All commands end then. */
const endMs = 1e12;

/** A desk over its own storage, and what goes in and out of it. */
class World {
  readonly sql = openMemorySql();
  #desk = new RunDesk(this.sql);
  #nowMs = 1000;
  #position = 0;
  readonly #submitted: RunId[] = [];

  constructor() {
    this.#setCapacity(2000);
  }

  restart(): void {
    forgetServer(this.sql);
    this.#desk = new RunDesk(this.sql);
  }

  /** Does one step, and tells what came of it. */
  play(one: Step): unknown {
    if (one.do === "enqueue") for (let n = 0; n < one.count; n++) this.#enqueue(one);
    else if (one.do === "finish") this.#finish(one);
    else if (one.do === "cancel") this.#cancel(one.which);
    else if (one.do === "wait") this.#nowMs += one.ms;
    else if (one.do === "limits") this.#take({ kind: "limits", position: ++this.#position, nodes: treeOf(one.nodes) });
    else if (one.do === "capacity") this.#setCapacity(one.cpu);
    else if (one.do === "acknowledge") acknowledgeCommands(this.sql, readServer(this.sql).commandsAssigned);
    else if (one.do === "withdraw") this.#desk.withdrawExpired(endMs);
    else return this.#desk.dispatch(this.#nowMs);
    return this.running();
  }

  /** What the bridge has, and what it was charged. */
  running(): Row[] {
    return this.sql
      .exec("SELECT run_id, cost, band_weight FROM runs WHERE seq IS NOT NULL ORDER BY position")
      .toArray();
  }

  /** Why each run waits that does. */
  waiting(): unknown[] {
    const rows = this.sql.exec("SELECT run_id FROM runs WHERE seq IS NULL ORDER BY position").toArray();
    return rows.map((row) => this.#desk.waiting(row["run_id"] as RunId, this.#nowMs));
  }

  #enqueue({
    org: owner,
    workspace,
    project,
    priority,
    cpu: needed,
    isParallel,
  }: Extract<Step, { do: "enqueue" }>): void {
    const position = ++this.#position;
    const runId = id("run", position) as RunId;
    const command = {
      runId,
      orgId: orgOf(owner),
      workspaceId: workspaceOf(owner, workspace),
      projectId: projectOf(owner, workspace, project),
      priority,
      action: "exec",
      demand: { cpu: needed, memory: 1, runs: 1 },
      limits: { timeoutMs: 3_600_000, outputBytes: 1 },
      expiresAtMs: endMs,
      serverId: "srv_1" as ServerId,
    } as Command;
    const text = { signed: JSON.stringify(command), signature: "s", sealed: null };
    const order = { after: [], isParallel };
    this.#take({ kind: "command", position, command, problem: null, isStale: false, order, ...text });
    this.#submitted.push(runId);
  }

  #finish({ which, durationMs, hasSucceeded }: Extract<Step, { do: "finish" }>): void {
    const running = this.running();
    const row = running[which % Math.max(1, running.length)];
    if (!row) return;
    // What the bridge ran, it has.
    acknowledgeCommands(this.sql, readServer(this.sql).commandsAssigned);
    this.#desk.finished(row["run_id"] as RunId, { durationMs, hasSucceeded }, this.#nowMs);
  }

  #cancel(which: number): void {
    const runId = this.#submitted[which % Math.max(1, this.#submitted.length)];
    if (!runId || !this.#desk.isWaiting(runId)) return;
    const text = { signed: "", signature: "s", problem: null };
    this.#take({ kind: "cancel", position: ++this.#position, runId, ...text });
  }

  #setCapacity(millicores: number): void {
    const offered = { ...capabilities, capacity: { cpu: millicores, memory: 1_000_000, runs: 6 } };
    this.#desk.setCapacity(offered, this.#nowMs);
    updateServer(this.sql, { capabilities: offered });
  }

  #take(entry: OpenedEntry): void {
    assert.equal(this.#desk.takeEntries([entry], this.#nowMs), entry.position);
  }
}

/** Limits of the three orgs and all below them; who is elsewhere is beside where it was. */
function treeOf(nodes: readonly { limit: number | null; weight: number; isElsewhere: boolean }[]): NodeLimits[] {
  const told: NodeLimits[] = [];
  const tell = (nodeId: NodeLimits["id"], parents: readonly NodeLimits["parentId"][]) => {
    const node = nodes[told.length];
    if (node === undefined) throw new Error("there are more nodes than were told of");
    const parentId = parents[node.isElsewhere ? 1 : 0] ?? null;
    told.push({ id: nodeId, parentId, limits: { cpu: node.limit }, weight: node.weight });
  };
  for (const o of [0, 1, 2]) {
    tell(orgOf(o), [null]);
    for (const w of [0, 1]) tell(workspaceOf(o, w), [orgOf(o), orgOf(o)]);
  }
  for (const o of [0, 1, 2]) {
    for (const w of [0, 1]) {
      for (const p of [0, 1]) tell(projectOf(o, w, p), [workspaceOf(o, w), workspaceOf(o, 1 - w)]);
    }
  }
  return told;
}

test("a desk that is made anew from its rows at any point goes on just as one that never was", () => {
  let dispatched = 0;
  let passed = 0;
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 30, maxLength: 100, size: "max" }),
      fc.array(fc.nat(3), { minLength: 10, maxLength: 10 }),
      (script, restarts) => {
        const [straight, stopped] = [new World(), new World()];
        for (const [i, one] of script.entries()) {
          expect(stopped.play(one)).toEqual(straight.play(one));
          if (restarts[i % restarts.length] === 0) stopped.restart();
          if (readServer(stopped.sql).patience?.wasPassed) passed++;
        }
        expect(stopped.running()).toEqual(straight.running());
        expect(stopped.waiting()).toEqual(straight.waiting());
        dispatched += readServer(straight.sql).commandsAssigned;
      },
    ),
    { seed: 301, numRuns: 80, endOnFailure: true },
  );
  // It shows something only if there was a choice to make, and a run that others passed.
  expect(dispatched).toBeGreaterThan(1000);
  expect(passed).toBeGreaterThan(100);
});
