import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeId, type RunId } from "../ids.ts";
import { FlatLedger } from "../quota/flat-ledger.ts";
import { noResources, type Resources } from "../quota/resources.ts";
import { FifoScheduler } from "./fifo-scheduler.ts";
import type { QueuedRun } from "./scheduler.ts";

const capacity: Resources = { cpu: 4000, memory: 4096, runs: 4 };
const one: Resources = { cpu: 1000, memory: 1024, runs: 1 };

function runId(n: number): RunId {
  return makeId("run", n, new Uint8Array(16));
}

function queued(n: number, orderKey: string | null = null, demand = one): QueuedRun {
  return { runId: runId(n), orderKey, demand };
}

function scheduler(limit = capacity): FifoScheduler {
  return new FifoScheduler(new FlatLedger(limit));
}

describe("first in, first out", () => {
  it("starts runs in the order they came, as many as fit", () => {
    const fifo = scheduler();
    for (let n = 1; n <= 6; n++) fifo.enqueue(queued(n));
    const started = Array.from({ length: 6 }, () => fifo.next()?.runId).filter((id) => id !== undefined);
    expect(started).toEqual([1, 2, 3, 4].map(runId));
    fifo.ended(runId(2));
    expect(fifo.next()?.runId).toBe(runId(5));
  });

  it("starts runs of one key one after the other, and others beside them", () => {
    const fifo = scheduler();
    fifo.enqueue(queued(1, "a"));
    fifo.enqueue(queued(2, "a"));
    fifo.enqueue(queued(3, "b"));
    expect([fifo.next(), fifo.next(), fifo.next()].map((run) => run?.runId)).toEqual([runId(1), runId(3), undefined]);
    expect(fifo.explain(runId(2))).toEqual({ ok: true, value: { reason: "order", behind: runId(1) } });
    fifo.ended(runId(1));
    expect(fifo.next()?.runId).toBe(runId(2));
  });

  it("holds back later runs behind one that is too big for now, but not those that ask for nothing", () => {
    const fifo = scheduler();
    fifo.enqueue(queued(1));
    expect(fifo.next()?.runId).toBe(runId(1));
    fifo.enqueue(queued(2, null, capacity));
    fifo.enqueue(queued(3));
    fifo.enqueue(queued(4, null, noResources));
    expect(fifo.next()?.runId).toBe(runId(4));
    expect(fifo.next()).toBeUndefined();
    expect(fifo.explain(runId(2))).toMatchObject({ value: { reason: "capacity", position: 1 } });
    expect(fifo.explain(runId(3))).toMatchObject({ value: { reason: "turn", position: 2 } });
    fifo.ended(runId(1));
    expect(fifo.next()?.runId).toBe(runId(2));
  });

  it("takes a known id once, and forgets a removed one", () => {
    const fifo = scheduler();
    fifo.enqueue(queued(1));
    fifo.enqueue(queued(1));
    expect(fifo.remove(runId(1))).toBe(true);
    expect(fifo.remove(runId(1))).toBe(false);
    expect(fifo.next()).toBeUndefined();
    expect(fifo.ended(runId(1))).toBe(false);
    expect(fifo.explain(runId(1))).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
  });

  it("decides the same after a restart at any point", () => {
    const run = fc.record({ key: fc.constantFrom("a", "b", null), cpu: fc.integer({ min: 0, max: 4 }) });
    fc.assert(
      fc.property(fc.array(run, { maxLength: 12 }), fc.nat(12), (specs, dispatchedBefore) => {
        const runs = specs.map((s, n) => queued(n, s.key, { cpu: s.cpu * 1000, memory: 0, runs: s.cpu > 0 ? 1 : 0 }));
        const before = scheduler();
        for (const r of runs) before.enqueue(r);
        const started: QueuedRun[] = [];
        for (let i = 0; i < dispatchedBefore; i++) {
          const next = before.next();
          if (next) started.push(next);
        }
        const after = scheduler();
        for (const r of started) after.resume(r);
        for (const r of runs) after.enqueue(r);
        for (const s of [undefined, ...started]) {
          if (s) expect(after.ended(s.runId)).toBe(before.ended(s.runId));
          for (let next = before.next(); next; next = before.next()) expect(after.next()).toEqual(next);
          expect(after.next()).toBeUndefined();
        }
      }),
    );
  });
});
