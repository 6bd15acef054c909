import fc from "fast-check";
import { expect, it } from "vitest";
import type { QuotaNode, QuotaTree } from "../quota/quota-tree.ts";
import { histories, Player } from "./random-history.ts";
import type { SchedulerState, TaskRow } from "./scheduler.ts";
import { TestServer } from "./test-server.ts";

function ancestors(quotas: QuotaTree, nodeId: string): QuotaNode[] {
  const nodes: QuotaNode[] = [];
  for (let node = quotas.find(nodeId) ?? null; node !== null; node = node.parent) nodes.push(node);
  return nodes;
}

function room({ limit, held }: QuotaNode, i: number): number {
  return (limit[i] as number) - (held[i] as number);
}

function fits(quotas: QuotaTree, { nodeId, demand }: TaskRow): boolean {
  return ancestors(quotas, nodeId).every((node) =>
    demand.every((amount, i) => amount === 0 || amount <= room(node, i)),
  );
}

/** Whether nothing but room keeps a task from starting. */
function isReady(task: TaskRow, tasks: readonly TaskRow[]): boolean {
  if (task.run !== null || task.isSuspended) return false;
  if (task.after?.some((id) => tasks.some((other) => other.id === id))) return false;
  const isBehind = (other: TaskRow) =>
    other.isOrdered && other.nodeId === task.nodeId && (other.run !== null || other.seq < task.seq);
  return !task.isOrdered || !tasks.some(isBehind);
}

/** The task that room is kept for. */
function keptFor({ patience, tasks }: SchedulerState, patienceMs: number): TaskRow | undefined {
  if (patience === null) return undefined;
  if (patience.passedForMs < patienceMs && patience.passedCost < patience.allowedCost) return undefined;
  return tasks.find(({ id }) => id === patience.taskId);
}

it("holds at each node what runs below it, and starts nothing that is over the limit of any ancestor", () => {
  fc.assert(
    fc.property(histories(), (history) => {
      const { scheduler, quotas } = new TestServer(history.nodes);
      const player = new Player(history, scheduler);
      for (const step of history.steps) {
        const before = new Set(player.running.map(({ id }) => id));
        player.play(step);
        const { tasks } = scheduler.state();
        const running = tasks.filter(({ run }) => run !== null);
        for (const { id } of quotas.nodes()) {
          const node = quotas.find(id) as QuotaNode;
          const below = running.filter(({ nodeId }) => ancestors(quotas, nodeId).includes(node));
          for (const i of [0, 1]) {
            expect(node.held[i]).toBe(below.reduce((sum, { demand }) => sum + (demand[i] as number), 0));
            const hasGrown = below.some((task) => !before.has(task.id) && (task.demand[i] as number) > 0);
            if (hasGrown) expect(node.held[i]).toBeLessThanOrEqual(node.limit[i] as number);
          }
        }
        const ordered = running.filter(({ isOrdered }) => isOrdered).map(({ nodeId }) => nodeId);
        expect(new Set(ordered).size).toBe(ordered.length);
      }
    }),
    { seed: 51, numRuns: 100 },
  );
});

it("leaves nothing waiting that is ready and fits everywhere, except beside one task that room is kept for", () => {
  fc.assert(
    fc.property(histories(), fc.constantFrom(0, 10_000, 30_000), (history, patienceMs) => {
      const { scheduler, quotas } = new TestServer(history.nodes, { patienceMs });
      const player = new Player(history, scheduler);
      for (const step of history.steps) {
        player.play(step);
        player.play({ do: "startAll" });
        const state = scheduler.state();
        const kept = keptFor(state, patienceMs);
        for (const task of state.tasks) {
          if (!isReady(task, state.tasks) || !fits(quotas, task)) continue;
          const server = quotas.find("server") as QuotaNode;
          const wouldTakeKeptRoom =
            kept !== undefined &&
            task.demand.some((amount, i) => amount > 0 && amount > room(server, i) - (kept.demand[i] as number));
          expect(wouldTakeKeptRoom, `${task.id} fits and was not started`).toBe(true);
        }
      }
    }),
    { seed: 52, numRuns: 300 },
  );
});

it("starts in the end all that can ever start", () => {
  fc.assert(
    fc.property(histories({ without: ["limit", "suspend", "move"] }), (history) => {
      const { scheduler } = new TestServer(history.nodes);
      const player = new Player(history, scheduler);
      for (const step of history.steps) player.play(step);
      for (let left = scheduler.waitingCount + scheduler.runningCount; left > 0; left--) {
        player.play({ do: "startAll" });
        player.play({ do: "end", which: 0, factor: null });
      }
      expect(scheduler.waitingCount + scheduler.runningCount).toBe(0);
    }),
    { seed: 53, numRuns: 100 },
  );
});
