import fc from "fast-check";
import { expect, it } from "vitest";
import { QuotaTree, type QuotaNode } from "../quota/quota-tree.ts";
import { FairScheduler } from "./fair-scheduler.ts";
import { histories, Player } from "./random-history.ts";
import type { SchedulerOptions, SchedulerState, ShareRow } from "./scheduler.ts";
import { TestServer } from "./test-server.ts";

/** A scheduler that knows only a state, and a tree of quotas that holds nothing yet. */
function restored(options: SchedulerOptions, state: SchedulerState): [FairScheduler, SchedulerOptions] {
  const quotas = emptied(options.quotas);
  const fresh = { ...options, quotas };
  return [FairScheduler.restore(fresh, structuredClone(state)), fresh];
}

/** Rows as a table of a database has them: a row for each node, changed as the scheduler says. */
class ShareTable {
  readonly #rows = new Map<string, ShareRow>();

  apply({ changed, gone }: ReturnType<FairScheduler["takeChanges"]>): void {
    for (const path of gone) this.#rows.delete(path.join("\n"));
    for (const row of changed) this.#rows.set(row.path.join("\n"), row);
  }

  rows(): ShareRow[] {
    return inOrder([...this.#rows.values()]);
  }
}

function inOrder(rows: readonly ShareRow[]): ShareRow[] {
  return rows.toSorted((a, b) => (a.path.join("\n") < b.path.join("\n") ? -1 : 1));
}

const restarts = fc.array(fc.nat({ max: 9 }), { minLength: 10, maxLength: 10 });

it("decides the same as if it had not been restarted, wherever in its history it was", () => {
  fc.assert(
    fc.property(histories(), restarts, (history, points) => {
      const server = new TestServer(history.nodes);
      const straight = new Player(history, server.scheduler);
      const other = new TestServer(history.nodes);
      let [scheduler, options] = [other.scheduler, other.options];
      const stopped = new Player(history, scheduler);
      for (const [i, step] of history.steps.entries()) {
        expect(stopped.play(step)).toBe(straight.play(step));
        if (points[i % points.length] === 0) {
          [scheduler, options] = restored(options, scheduler.state());
          stopped.scheduler = scheduler;
        }
      }
      expect(inOrderOfStart(scheduler)).toEqual(inOrderOfStart(server.scheduler));
    }),
    { seed: 41, numRuns: 200 },
  );
});

it("decides the same when it is put together from rows that were stored as they changed, in any order", () => {
  fc.assert(
    fc.property(histories(), restarts, (history, points) => {
      const server = new TestServer(history.nodes);
      const straight = new Player(history, server.scheduler);
      const other = new TestServer(history.nodes);
      let [scheduler, options] = [other.scheduler, other.options];
      const stopped = new Player(history, scheduler);
      const table = new ShareTable();
      for (const [i, step] of history.steps.entries()) {
        expect(stopped.play(step)).toBe(straight.play(step));
        table.apply(scheduler.takeChanges());
        // The server has no row until something started.
        expect(table.rows().filter(isChild)).toEqual(inOrder(scheduler.state().shares).filter(isChild));
        if (points[i % points.length] === 0) {
          const { tasks, weights, patience } = scheduler.state();
          const byId = tasks.toSorted((a, b) => (a.id < b.id ? -1 : 1));
          [scheduler, options] = restored(options, { shares: table.rows(), tasks: byId, weights, patience });
          stopped.scheduler = scheduler;
        }
      }
    }),
    { seed: 42, numRuns: 200 },
  );
});

it("holds after a restart what its running tasks hold, at each node", () => {
  fc.assert(
    fc.property(histories(), (history) => {
      const server = new TestServer(history.nodes);
      const player = new Player(history, server.scheduler);
      for (const step of history.steps) player.play(step);
      const [scheduler, { quotas }] = restored(server.options, server.scheduler.state());
      for (const { id } of quotas.nodes()) expect(quotas.find(id)?.held).toEqual(server.quotas.find(id)?.held);
      expect(scheduler.state()).toEqual({ ...server.scheduler.state(), shares: scheduler.state().shares });
    }),
    { seed: 43, numRuns: 100 },
  );
});

it("knows nothing but its input: the same history twice gives the same", () => {
  fc.assert(
    fc.property(histories(), (history) => {
      const [one, two] = [new TestServer(history.nodes), new TestServer(history.nodes)];
      const [first, second] = [new Player(history, one.scheduler), new Player(history, two.scheduler)];
      expect(history.steps.map((step) => first.play(step))).toEqual(history.steps.map((step) => second.play(step)));
      expect(one.scheduler.state()).toEqual(two.scheduler.state());
    }),
    { seed: 44, numRuns: 50 },
  );
});

it("counts the time in which a task was passed across restarts, so that they do not put off that room is kept for it", () => {
  const nodes = { a: {}, "a/w": {}, "a/w/p": {}, b: {}, "b/w": {}, "b/w/p": {} };
  const passes = (isRestarted: boolean) => {
    let server = new TestServer(nodes);
    server.add("first", "b/w/p", { demand: { cpu: 6 } });
    server.startAll();
    server.add("big", "a/w/p", { demand: { cpu: 8 }, expectedMs: 1_000_000 });
    for (let n = 0; n < 20; n++) {
      server.add(`small${n}`, "b/w/p", { seq: 100 + n });
      const started = server.startAll(n * 5000);
      if (started.length === 0) return n;
      for (const id of started) server.scheduler.ended(id);
      if (isRestarted) server = server.restarted();
    }
    return Number.POSITIVE_INFINITY;
  };
  expect(passes(false)).toBe(6);
  expect(passes(true)).toBe(6);
});

it("does not bring nodes back to where they were before they moved", () => {
  const server = new TestServer({ a: {}, "a/w": {}, "a/w/p": {}, "a/x": {}, "a/x/q": {} }, { capacity: { cpu: 1 } });
  server.add("one", "a/w/p");
  server.add("two", "a/w/p");
  server.startAll();
  const before = server.scheduler.state();
  server.scheduler.moveNode("a/w/p", "a/x");
  const { tasks } = server.scheduler.state();
  const { scheduler } = server.restarted();
  const late = FairScheduler.restore({ ...server.options, quotas: emptied(server.quotas) }, { ...before, tasks });
  for (const one of [scheduler, late]) {
    const paths = one.state().shares.map(({ path }) => path.join());
    expect(paths).toContain("normal,a,a/x,a/w/p");
    expect(paths).not.toContain("normal,a,a/w,a/w/p");
    one.ended("one");
    expect(one.next(0)?.id).toBe("two");
  }
});

function emptied(quotas: QuotaTree): QuotaTree {
  const copy = new QuotaTree();
  const add = ({ id, parent, limit }: QuotaNode): void => {
    if (parent && !copy.find(parent.id)) add(parent);
    copy.add(id, parent?.id ?? null, limit);
  };
  for (const node of quotas.nodes()) if (!copy.find(node.id)) add(node);
  return copy;
}

function inOrderOfStart(scheduler: FairScheduler): string[] {
  const runs = scheduler.state().tasks.flatMap(({ id, run }) => (run ? [{ id, ...run }] : []));
  return runs.toSorted((a, b) => a.start - b.start).map(({ id, cost, startedAtMs }) => `${id} ${cost} ${startedAtMs}`);
}

function isChild({ path }: ShareRow): boolean {
  return path.length > 0;
}
