import type { Submitted } from "./actors/client.ts";
import type { Viewer } from "./actors/viewer.ts";
import { checkRun, type RunRow } from "./record-check.ts";
import type { Stage } from "./stage.ts";

function runRows({ store }: Stage): Map<string, RunRow> {
  const rows = store.database
    .prepare('SELECT "runId", state, verdict, "exitCode", code, "outboxPosition", "serverId" FROM runs')
    .all();
  return new Map(rows.map((row) => [String(row["runId"]), row as unknown as RunRow]));
}

/** Whether everything has come to its end: every task has one, and nobody holds anything back. */
export function isConverged(stage: Stage): boolean {
  const { client, viewers } = stage;
  if (client.pending > 0) return false;
  for (const row of runRows(stage).values()) if (row.state !== "ended") return false;
  return viewers.every((viewer) => unseenEnds(stage, viewer).length === 0) && leftovers(stage).length === 0;
}

/** Of what never started, no end is shown: the console learns of it from the task. */
function unseenEnds({ truth }: Stage, { watched }: Viewer): string[] {
  return watched
    .filter(({ runId, hasEnded, hasGap }) => !hasEnded && !hasGap && truth.startsOf(runId).length > 0)
    .map(({ runId }) => runId);
}

/** What is still stored somewhere although everything has ended. */
function leftovers({ relay, store }: Stage): string[] {
  const left: string[] = [];
  for (const [name, object] of relay.objects) {
    for (const table of ["runs", "commands", "reports"]) {
      const [row] = object.storage.rows(`SELECT count(*) AS n FROM ${table}`);
      if (Number(row?.["n"]) > 0) left.push(`${name} keeps ${String(row?.["n"])} ${table}`);
    }
  }
  const behind = store.database
    .prepare('SELECT count(*) AS n FROM servers WHERE "outboxHead" <> "outboxThrough"')
    .get();
  if (Number(behind?.["n"]) > 0) left.push("an outbox was not sent");
  return left;
}

/** Why a scenario has not come to its end. */
export function explainUnconverged(stage: Stage): string {
  const open = [...runRows(stage).values()]
    .filter(({ state }) => state !== "ended")
    .map(({ runId, state }) => `${runId} is ${state}`);
  const unseen = stage.viewers.flatMap((viewer) =>
    unseenEnds(stage, viewer).map((runId) => `${viewer.process.name} has not seen the end of ${runId}`),
  );
  const pending = stage.client.pending > 0 ? [`${stage.client.pending} requests were not answered`] : [];
  return [...pending, ...open, ...leftovers(stage), ...unseen].join("; ");
}

/** From the answer to a cancel, or from when everything is mended, until its run has ended. */
const cancelWithinMs = 5 * 60_000;

/** Compares the record with what really happened. */
export function checkRecord(stage: Stage, { mendedAtMs }: { readonly mendedAtMs: number }): void {
  const rows = runRows(stage);
  for (const task of stage.client.submitted) {
    const row = task.runId === null ? undefined : rows.get(task.runId);
    if (row) checkRun(stage, task, row);
    else stage.world.violate(`record: ${task.taskId} has no run`);
  }
  for (const start of stage.truth.starts) {
    if (!rows.has(start.runId)) stage.world.violate(`record: ${start.runId} ran and is in no record`);
    if (start.endedAtMs === null) stage.world.violate(`survivor: a program of ${start.runId} runs on after its end`);
  }
  checkOrder(stage, rows);
  checkFollowers(stage, rows);
  checkOutput(stage);
  for (const task of stage.client.submitted) checkCancel(stage, task, mendedAtMs);
}

function checkCancel({ world, truth }: Stage, { runId, cancelAnsweredAtMs }: Submitted, mendedAtMs: number): void {
  if (runId === null || cancelAnsweredAtMs === null) return;
  const latestMs = Math.max(cancelAnsweredAtMs, mendedAtMs) + cancelWithinMs;
  for (const { endedAtMs } of truth.startsOf(runId))
    if ((endedAtMs ?? Number.POSITIVE_INFINITY) > latestMs) world.violate(`cancel: ${runId} ran on long after it`);
}

/** Within a project, what the platform accepted first starts first. */
function checkOrder({ world, truth, client }: Stage, rows: Map<string, RunRow>): void {
  const byProject = new Map<string, { position: number; atMs: number; runId: string }[]>();
  for (const { runId, place } of client.submitted) {
    const row = runId === null ? undefined : rows.get(runId);
    const [first] = runId === null ? [] : truth.startsOf(runId);
    if (!row || !first) continue;
    const list = byProject.get(place.projectId) ?? [];
    byProject.set(place.projectId, list);
    list.push({ position: row.outboxPosition, atMs: first.startedAtMs, runId: row.runId });
  }
  for (const list of byProject.values()) {
    list.sort((a, b) => a.position - b.position);
    for (const [index, run] of list.entries()) {
      const before = list[index - 1];
      if (before && before.atMs > run.atMs)
        world.violate(`order: ${run.runId} started before ${before.runId}, which came first`);
    }
  }
}

/** What follows another one starts after that has succeeded, or never; and it is given up only where that did not. */
function checkFollowers({ world, truth, client }: Stage, rows: Map<string, RunRow>): void {
  for (const { runId, after } of client.submitted) {
    if (runId === null || after?.runId === null || after === null) continue;
    const before = rows.get(after.runId);
    const [first] = truth.startsOf(runId);
    const endedAtMs = truth.startsOf(after.runId).at(-1)?.endedAtMs ?? Number.POSITIVE_INFINITY;
    const hasSucceeded = before?.verdict === "succeeded";
    if (first && (!hasSucceeded || endedAtMs > first.startedAtMs))
      world.violate(`follows: ${runId} started, and ${after.runId}, which it follows, is ${before?.verdict}`);
    if (hasSucceeded && rows.get(runId)?.code === "DEPENDENCY_FAILED")
      world.violate(`follows: ${runId} was given up, and ${after.runId} has succeeded`);
  }
}

/** A viewer that saw the end has every byte that the server kept, or was told of a gap. */
function checkOutput({ world, viewers, hosts }: Stage): void {
  for (const { watched, process } of viewers) {
    for (const { runId, place, text, hasEnded, hasGap } of watched) {
      if (!hasEnded || hasGap) continue;
      const kept =
        hosts
          .find(({ machine }) => machine.name === place.machine)
          ?.outputOf(runId)
          ?.toString("latin1") ?? "";
      // A power loss may have taken bytes that were seen before.
      if (!text.startsWith(kept))
        world.violate(`gap: ${process.name} saw ${text.length} bytes of ${runId}, and the server has ${kept.length}`);
    }
  }
}
