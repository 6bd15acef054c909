import fc from "fast-check";
import { expect, it } from "vitest";
import { findImpossible, findShortage, isWithin, shortAt, type QuotaNode } from "../quota/quota-tree.ts";
import type { FairScheduler } from "./fair-scheduler.ts";
import { histories, Player } from "./random-history.ts";
import type { Explanation, TaskRow } from "./scheduler.ts";
import { TestServer } from "./test-server.ts";

/** What then happens when nothing new comes and every run takes as long as expected: who starts when. */
function goOn(scheduler: FairScheduler, nowMs: number): { readonly id: string; readonly inMs: number }[] {
  const running = scheduler.state().tasks.flatMap(({ id, expectedMs, run }) =>
    // One that is late is expected to need another second.
    run === null ? [] : [{ id, endsAtMs: Math.max(nowMs + 1000, run.startedAtMs + expectedMs) }],
  );
  const starts: { readonly id: string; readonly inMs: number }[] = [];
  for (let atMs = nowMs; ; ) {
    for (let next = scheduler.next(atMs); next; next = scheduler.next(atMs)) {
      starts.push({ id: next.id, inMs: atMs - nowMs });
      running.push({ id: next.id, endsAtMs: atMs + Math.max(1, next.expectedMs) });
    }
    const first = running.toSorted((a, b) => a.endsAtMs - b.endsAtMs)[0];
    if (first === undefined) return starts;
    running.splice(running.indexOf(first), 1);
    atMs = Math.max(atMs, first.endsAtMs);
    scheduler.ended(first.id);
  }
}

it("foretells position and time exactly, when no run takes longer or shorter and nothing new overtakes", () => {
  fc.assert(
    fc.property(histories({ maxLength: 60 }), (history) => {
      const { scheduler } = new TestServer(history.nodes);
      const player = new Player(history, scheduler);
      for (const step of history.steps) player.play(step);
      const before = structuredClone(scheduler.state());
      const said = player.waiting.map((id) => ({ id, explanation: scheduler.explain(id, player.nowMs) }));
      expect(structuredClone(scheduler.state())).toEqual(before);
      const starts = goOn(scheduler, player.nowMs);
      for (const { id, explanation } of said) {
        const index = starts.findIndex((start) => start.id === id);
        const came = index < 0 ? null : { position: index + 1, startsInMs: starts[index]?.inMs };
        if (!explanation.ok) expect.fail(explanation.error.message);
        const { position, estimate } = explanation.value;
        const foretold = position === null ? null : { position, startsInMs: estimate?.startsInMs };
        expect({ id, ...foretold }).toEqual({ id, ...came });
      }
    }),
    { seed: 71, numRuns: 200 },
  );
});

/** Whether what is said of why a task waits is so, as far as it can be seen from outside. */
function isTrue({ reason, position }: Explanation, task: TaskRow, { scheduler, quotas }: TestServer): boolean {
  const { tasks, patience } = scheduler.state();
  const leaf = quotas.find(task.nodeId) as QuotaNode;
  const server = quotas.find("server") as QuotaNode;
  const isShort = (node: QuotaNode, resource: number, free: number) =>
    isWithin(leaf, node) &&
    (node.limit[resource] as number) - (node.held[resource] as number) === free &&
    (task.demand[resource] as number) > free;
  const hasRoom = findShortage(leaf, task.demand) === undefined;
  const isImpossible = findImpossible(leaf, task.demand) !== undefined;
  switch (reason.kind) {
    case "suspended":
      return task.isSuspended && position === null;
    case "dependency":
      return reason.on.length > 0 && reason.on.every((id) => tasks.some((other) => other.id === id));
    case "order": {
      const behind = tasks.find(({ id }) => id === reason.behind);
      if (!behind?.isOrdered || behind.nodeId !== task.nodeId) return false;
      return behind.run !== null || behind.seq < task.seq;
    }
    case "limit": {
      const node = quotas.find(reason.nodeId) as QuotaNode;
      const isRight = node !== server && isShort(node, reason.resource, reason.free);
      return isRight && (!reason.isImpossible || (isImpossible && position === null));
    }
    case "capacity":
      return isShort(server, reason.resource, reason.free) && (reason.isImpossible ? isImpossible : position === 1);
    case "room-kept":
      return patience?.taskId === reason.for && reason.for !== task.id && position === 1 && hasRoom;
    case "turn":
      // Others start before it, or nothing keeps it from starting with the next decision.
      return position === null || position > 1 || (hasRoom && shortAt(server, task.demand) < 0);
  }
}

it("gives reasons that are so: what is said to be short is, room is kept for whom it names, and what would fit waits for its turn", () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(histories({ maxLength: 80 }), fc.constantFrom(0, 30_000), (history, patienceMs) => {
      const server = new TestServer(history.nodes, { patienceMs });
      const player = new Player(history, server.scheduler);
      for (const step of history.steps) player.play(step);
      for (const isDecided of [false, true]) {
        if (isDecided) player.play({ do: "startAll" });
        for (const task of server.scheduler.state().tasks.filter(({ run }) => run === null)) {
          const explained = server.scheduler.explain(task.id, player.nowMs);
          if (!explained.ok) expect.fail(explained.error.message);
          const { reason } = explained.value;
          seen.set(reason.kind, (seen.get(reason.kind) ?? 0) + 1);
          expect(isTrue(explained.value, task, server), `${task.id}: ${JSON.stringify(explained.value)}`).toBe(true);
          // All that may start now has started.
          if (isDecided && reason.kind === "turn") expect(explained.value.position).not.toBe(1);
        }
      }
    }),
    { seed: 72, numRuns: 300 },
  );
  const kinds = ["suspended", "dependency", "order", "limit", "capacity", "room-kept", "turn"];
  expect(kinds.filter((kind) => !seen.has(kind))).toEqual([]);
});

it("foretells ten thousand starts, and of what comes later that it is behind them", () => {
  const server = new TestServer({ a: {}, "a/w": {}, "a/w/p": {} });
  for (let n = 1; n <= 10_020; n++) server.add(`${n}`, "a/w/p", { expectedMs: 10 });
  expect(server.startAll()).toHaveLength(8);
  const outlook = (id: string) => {
    const explained = server.scheduler.explain(id, 0);
    return explained.ok && { position: explained.value.position, startsInMs: explained.value.estimate?.startsInMs };
  };
  expect(outlook("10008")).toEqual({ position: 10_000, startsInMs: expect.any(Number) });
  expect(outlook("10009")).toEqual({ position: 10_001, startsInMs: undefined });
  expect(outlook("10020")).toEqual({ position: 10_001, startsInMs: undefined });
});
