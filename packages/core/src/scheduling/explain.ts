import { QuotaTree, impossibleAt, shortAt, type QuotaNode } from "../quota/quota-tree.ts";
import type { Explanation, SchedulerOptions, SchedulerState, StartedTask, WaitingReason } from "./scheduler.ts";
import type { Task } from "./task.ts";

/** How many starts are played ahead: of what comes later, only that is known. */
const furthestPosition = 10_000;
/** A run that is past its expected end is taken to go on for this long. */
const overdueMs = 1000;

interface Situation {
  readonly server: QuotaNode;
  /** The task that room is kept for. */
  readonly keptFor: Task | null;
  readonly options: SchedulerOptions;
  readonly state: SchedulerState;
  /** The queue as the state says, over other quotas. */
  readonly restore: (quotas: QuotaTree) => PlayedAhead;
  readonly nowMs: number;
}

/** A scheduler on which the queue is played ahead. */
interface PlayedAhead {
  next(nowMs: number): StartedTask | undefined;
  ended(id: string): boolean;
}

/** Why a task waits, and its place and time when the queue is played ahead with the expected durations. */
export function explainTask(task: Task, situation: Situation): Explanation {
  const reason = reasonOf(task, situation);
  if (reason.kind === "suspended" || ("isImpossible" in reason && reason.isImpossible)) {
    return { reason, position: null, estimate: null };
  }
  const { position, estimate } = playAhead(task, situation);
  return {
    reason: reason.kind === "turn" && position === 1 ? firstReason(task, situation) : reason,
    position,
    estimate,
  };
}

function reasonOf(task: Task, { server }: Situation): WaitingReason {
  if (task.isSuspended) return { kind: "suspended" };
  if (task.after) return { kind: "dependency", on: [...task.after] };
  if (task.isOrdered) {
    const { ordered, orderedRun } = task.leaf.peers;
    const behind = ordered?.before(task) ?? orderedRun;
    if (behind) return { kind: "order", behind: behind.id };
  }
  for (let node: QuotaNode | null = task.leaf.holder; node !== null && node !== server; node = node.parent) {
    const resource = shortAt(node, task.demand.vector);
    if (resource < 0) continue;
    const free = freeOf(node, resource);
    return {
      kind: "limit",
      nodeId: node.id,
      resource,
      free,
      isImpossible: impossibleAt(node, task.demand.vector) >= 0,
    };
  }
  const resource = impossibleAt(server, task.demand.vector);
  if (resource >= 0) return { kind: "capacity", resource, free: freeOf(server, resource), isImpossible: true };
  return { kind: "turn" };
}

/** Why the task that is next has not started. */
function firstReason(task: Task, { server, keptFor }: Situation): WaitingReason {
  const resource = shortAt(server, task.demand.vector);
  if (resource >= 0) return { kind: "capacity", resource, free: freeOf(server, resource), isImpossible: false };
  return keptFor && keptFor !== task ? { kind: "room-kept", for: keptFor.id } : { kind: "turn" };
}

function freeOf({ limit, held }: QuotaNode, resource: number): number {
  return (limit[resource] as number) - (held[resource] as number);
}

function playAhead(
  task: Task,
  { options, state, restore, nowMs }: Situation,
): Pick<Explanation, "position" | "estimate"> {
  const scheduler = restore(copyQuotas(options, state));
  const running = state.tasks.flatMap(({ id, run, expectedMs }) =>
    run ? [{ id, endsAtMs: Math.max(nowMs + overdueMs, run.startedAtMs + expectedMs) }] : [],
  );
  const runningNow = running.length;
  let atMs = nowMs;
  let position = 1;
  while (position <= furthestPosition) {
    const next = scheduler.next(atMs);
    if (next?.id === task.id) {
      return { position, estimate: { startsInMs: atMs - nowMs, basis: { running: runningNow, ahead: position - 1 } } };
    }
    if (next) {
      position++;
      running.push({ id: next.id, endsAtMs: atMs + Math.max(1, next.expectedMs) });
      continue;
    }
    const first = running.reduce((a, b) => (b.endsAtMs < a.endsAtMs ? b : a), running[0] ?? { id: "", endsAtMs: NaN });
    if (running.length === 0) return { position: null, estimate: null };
    running.splice(running.indexOf(first), 1);
    atMs = Math.max(atMs, first.endsAtMs);
    scheduler.ended(first.id);
  }
  return { position, estimate: null };
}

/** The same limits in a tree of which nothing is held. */
function copyQuotas({ quotas, serverId }: SchedulerOptions, { tasks }: SchedulerState): QuotaTree {
  const copy = new QuotaTree();
  const add = (node: QuotaNode) => {
    if (copy.find(node.id)) return;
    const parent = node.id === serverId ? null : node.parent;
    if (parent) add(parent);
    copy.add(node.id, parent?.id ?? null, node.limit);
  };
  for (const id of [serverId, ...tasks.map(({ nodeId }) => nodeId)]) {
    const node = quotas.find(id);
    if (node) add(node);
  }
  return copy;
}
