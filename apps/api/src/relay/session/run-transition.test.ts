import type { RunFinished, Verdict } from "@quarterdeck/core/protocol/result";
import { makeId } from "@quarterdeck/core/ids";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runStates, type RunState } from "../../tasks/views.ts";
import { isResultOf } from "./judge-result.ts";
import { newReports } from "./new-reports.ts";
import { projectChange } from "./project-change.ts";
import { isGivenUp, transitionOf, type RunColumns, type RunReport } from "./run-transition.ts";

const bytes = (number: number) => new Uint8Array(16).fill(number);
const ids = {
  commandId: makeId("command", 1, bytes(1)),
  runId: makeId("run", 1, bytes(2)),
  taskId: makeId("task", 1, bytes(3)),
  serverId: makeId("server", 1, bytes(4)),
  attempt: 1,
};

type Row = RunColumns & { readonly state: RunState };
const queued: Row = { state: "queued", dispatchedAtMs: null, startedAtMs: null, verdict: null };

/** The relay gave it up, so its bridge may still say how it ended. */
const isOpenEnd = ({ state, verdict = null, code = null }: Row) => state === "ended" && isGivenUp({ verdict, code });

/** What the database does with a transition. */
function apply(row: Row, report: RunReport): Row {
  const { from, isTakenLate, to, set, setIfNull } = transitionOf(report);
  if (!from.includes(row.state) && !(isTakenLate && isOpenEnd(row))) return row;
  const missing = Object.entries(setIfNull).filter(([column]) => (row[column as keyof RunColumns] ?? null) === null);
  return { ...row, ...Object.fromEntries(missing), ...set, state: to };
}

const atMs = fc.integer({ min: 1, max: 1000 });
const verdict = fc.constantFrom<Verdict>("succeeded", "failed", "cancelled", "timedOut", "refused", "indeterminate");
const finished = (verdictOfRun: Verdict, startedAtMs: number | null): RunReport => ({
  kind: "finished",
  result: {
    ...ids,
    v: 1,
    kind: "finished",
    verdict: verdictOfRun,
    startedAtMs,
    finishedAtMs: 2000,
    durationMs: 5,
    exitCode: 0,
    signal: null,
    outputBytes: 3,
    outputCutBytes: 0,
    tail: null,
    code: null,
    message: null,
    quote: null,
    repository: null,
  } satisfies RunFinished,
});
const said = (verdictOfRun: Verdict) => (finished(verdictOfRun, 1) as Extract<RunReport, { kind: "finished" }>).result;
const reports = fc.oneof(
  fc.record({ kind: fc.constant("dispatched" as const), atMs }),
  fc.record({ kind: fc.constant("started" as const), startedAtMs: atMs, atMs }),
  fc.tuple(verdict, fc.option(atMs)).map(([how, startedAtMs]) => finished(how, startedAtMs)),
  fc.record({
    kind: fc.constant("ended" as const),
    verdict: fc.constantFrom("cancelled" as const, "expired" as const, "indeterminate" as const, "refused" as const),
    code: fc.constantFrom("CANCELLED", "COMMAND_EXPIRED", "BRIDGE_STATE_LOST", "LEASE_EXPIRED"),
    message: fc.string(),
    atMs,
  }),
);

/** Has a run take reports in any order, and looks at it before and after each. */
function afterEachReport(look: (row: Row, next: Row, report: RunReport) => void): void {
  fc.assert(
    fc.property(fc.array(reports, { maxLength: 12 }), (sequence) => {
      let row = queued;
      for (const report of sequence) {
        const next = apply(row, report);
        look(row, next, report);
        row = next;
      }
    }),
  );
}

describe("what reports make of a run", () => {
  it("only moves it forward, whatever comes late or again, and an end is the end [F2]", () => {
    expect.hasAssertions();
    afterEachReport((row, next, report) => {
      expect(runStates.indexOf(next.state)).toBeGreaterThanOrEqual(runStates.indexOf(row.state));
      if (row.state === "ended" && !isOpenEnd(row)) expect(next).toEqual(row);
      if (next.state === row.state && !isOpenEnd(row)) expect(next).toEqual(row);
      expect(apply(next, report)).toEqual(next);
      if (next.state === "ended") expect(next.verdict).not.toBeNull();
    });
  });

  it("keeps when it was dispatched and started, once that is known", () => {
    expect.hasAssertions();
    afterEachReport((row, next) => {
      if (row.dispatchedAtMs !== null) expect(next.dispatchedAtMs).toBe(row.dispatchedAtMs);
      if (row.startedAtMs !== null) expect(next.startedAtMs).not.toBeNull();
      if (next.state === "running") expect([next.dispatchedAtMs, next.startedAtMs]).not.toContain(null);
    });
  });

  it("takes the relay's word for the end of a started run only where the bridge cannot give its own [W4]", () => {
    const ended = (verdictOfRun: "refused" | "indeterminate", code: string): RunReport => ({
      kind: "ended",
      verdict: verdictOfRun,
      code,
      message: "m",
      atMs: 9,
    });
    const running = apply(queued, { kind: "started", startedAtMs: 3, atMs: 4 });
    expect(apply(running, ended("refused", "COMMAND_UNSUPPORTED"))).toEqual(running);
    expect(apply(running, ended("refused", "CANCELLED"))).toEqual(running);
    expect(apply(running, ended("indeterminate", "BRIDGE_STATE_LOST"))).toMatchObject({ verdict: "indeterminate" });
    expect(apply(queued, ended("refused", "CANCELLED"))).toMatchObject({ state: "ended", verdict: "cancelled" });
    // A bridge that was restored from a copy may finish what never was said to have started.
    expect(apply(queued, finished("succeeded", null))).toMatchObject({ state: "ended", startedAtMs: null });
    expect(apply(running, finished("succeeded", null))).toMatchObject({ startedAtMs: 3, endedAtMs: 2000 });
  });
});

describe("a run that the relay gave up, because its server was away for too long", () => {
  const lost = { kind: "ended", verdict: "indeterminate", code: "LEASE_EXPIRED", message: "m", atMs: 9 } as const;

  it("takes what its bridge says of its end once, and nothing else [F7]", () => {
    const open = apply(queued, lost);
    expect(open).toMatchObject({ state: "ended", verdict: "indeterminate", leaseEndedAtMs: 9 });
    for (const later of [lost, { ...lost, verdict: "refused" as const }, { kind: "dispatched", atMs: 10 } as const])
      expect(apply(open, later)).toEqual(open);
    expect(apply(open, { kind: "started", startedAtMs: 5, atMs: 10 })).toEqual(open);
    const late = apply(open, finished("succeeded", 5));
    expect(late).toMatchObject({ verdict: "succeeded", code: null, startedAtMs: 5, leaseEndedAtMs: 9 });
    for (const later of [lost, finished("failed", 5)]) expect(apply(late, later)).toEqual(late);
  });

  it("is told from one whose bridge cannot say how it ended [F7]", () => {
    const lostState = apply(queued, { ...lost, code: "BRIDGE_STATE_LOST" });
    expect(apply(lostState, finished("succeeded", 5))).toEqual(lostState);
    const interrupted = apply(queued, { kind: "finished", result: { ...said("interrupted"), code: "LEASE_EXPIRED" } });
    expect(apply(interrupted, finished("succeeded", 5))).toEqual(interrupted);
  });
});

describe("the reports of a batch", () => {
  it("are taken once and in order, however they come [F2]", () => {
    expect.hasAssertions();
    const batch = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 20 });
    fc.assert(
      fc.property(batch, fc.nat(20), (seqs, recorded) => {
        const taken = newReports(
          seqs.map((seq) => ({ kind: "dispatched", seq, atMs: 1, runId: ids.runId })),
          recorded,
        );
        const numbers = taken.map(({ report }) => report.seq);
        expect(numbers).toEqual([...new Set(seqs)].filter((seq) => seq > recorded).toSorted((a, b) => a - b));
        expect(taken.map(({ previousSeq }) => previousSeq)).toEqual([recorded, ...numbers].slice(0, numbers.length));
      }),
    );
  });
});

describe("a result", () => {
  const { result } = finished("succeeded", 1) as Extract<RunReport, { kind: "finished" }>;
  const other = {
    serverId: makeId("server", 1, bytes(9)),
    runId: makeId("run", 1, bytes(9)),
    taskId: makeId("task", 1, bytes(9)),
    attempt: 2,
  };

  it("is about a run only if server, run, task and attempt are its own, and the command was signed for it [W4]", () => {
    expect(isResultOf(ids, result, { isRenewed: false })).toBe(true);
    for (const [name, value] of Object.entries(other))
      expect([name, isResultOf(ids, { ...result, [name]: value }, { isRenewed: true })]).toEqual([name, false]);
    const renewed = { ...result, commandId: makeId("command", 1, bytes(9)) };
    expect([isResultOf(ids, renewed, { isRenewed: true }), isResultOf(ids, renewed, { isRenewed: false })]).toEqual([
      true,
      false,
    ]);
  });
});

describe("the end of a run", () => {
  const projectId = makeId("project", 1, bytes(5));
  const clone = { ...ids, projectId, action: "project.clone" };
  const ending = (how: Verdict, message: string | null = null) => ({ verdict: how, message, repository: null });

  it("makes its project ready or not, if it was the clone, and changes none otherwise", () => {
    expect(projectChange(clone, ending("succeeded"))?.clone).toEqual({
      taskId: ids.taskId,
      state: "ready",
      message: null,
    });
    expect(projectChange(clone, ending("failed"))?.clone).toMatchObject({
      state: "cloneFailed",
      message: "Cloning ended as failed.",
    });
    expect(projectChange({ ...clone, action: "exec" }, ending("failed"))).toBeNull();
    expect(projectChange({ ...clone, projectId: null }, ending("failed"))).toBeNull();
  });
});
