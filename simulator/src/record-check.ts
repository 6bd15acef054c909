import { limits } from "@quarterdeck/core/protocol/limits";
import type { Submitted } from "./actors/client.ts";
import type { Fault } from "./scenario.ts";
import type { Stage } from "./stage.ts";

/** What the platform says of a run. */
export interface RunRow {
  readonly runId: string;
  readonly state: string;
  readonly verdict: string | null;
  readonly exitCode: number | null;
  readonly code: string | null;
  readonly outboxPosition: number;
  readonly serverId: string;
}

/**
 * Past this a signature runs out that nobody renewed: its bridge was stopped with the command in its hands, or the command was lost
 * on a connection that was dead already, and came again when the server was back.
 */
const signatureMs = 15 * 60_000;
/** What keeps a server and its relay apart, for as long as it is meant to. */
const separations = ["pause", "partition", "flap", "stall", "restartRelay"] as const;

/** Compares what the platform says of a run with what the scenario did to it. */
export function checkRun(stage: Stage, task: Submitted, row: RunRow): void {
  const problem = problemOf(stage, task, row);
  if (problem !== undefined)
    stage.world.violate(`record: ${row.runId} is ${row.verdict} (${row.code ?? "no code"}), but ${problem}`);
}

function problemOf(stage: Stage, task: Submitted, row: RunRow): string | undefined {
  const last = stage.truth.startsOf(row.runId).at(-1);
  switch (row.verdict) {
    case "succeeded":
    case "failed": {
      if (!last) return "it never started";
      if (last.killedBy !== null) return `it was killed by the ${last.killedBy}`;
      if (last.exitCode !== task.plan.exitCode || row.exitCode !== last.exitCode)
        return `it ended with ${last.exitCode}, not ${row.exitCode}`;
      return (row.verdict === "succeeded") === (last.exitCode === 0) ? undefined : `it ended with ${last.exitCode}`;
    }
    case "cancelled":
      return problemOfCancelled(stage, task, row);
    case "refused":
    case "expired":
      if (last || ends(stage, row).includes("ran")) return "it started";
      return hasReason(stage, task, row) ? undefined : "nothing has happened that is a reason for it";
    case "indeterminate":
      return row.code === "LEASE_EXPIRED" ? problemOfLease(stage) : problemOfIndeterminate(stage, row);
    case "interrupted":
      return row.code === "LEASE_EXPIRED" ? problemOfLease(stage) : "nobody stopped Quarterdeck on that machine";
    default:
      return "there is no such end";
  }
}

function ends({ truth }: Stage, { runId }: RunRow) {
  return truth.stintsOf(runId).map(({ end }) => end);
}

function problemOfCancelled({ truth }: Stage, { cancelAskedAtMs }: Submitted, { runId }: RunRow): string | undefined {
  if (cancelAskedAtMs === null) return "nobody asked for that";
  const last = truth.startsOf(runId).at(-1);
  if (last?.killedBy === "scenario") return "it was cut off";
  // A cancel may still come between the end of a program and what its wrapper writes about it.
  const isTooLate = truth.stintsOf(runId).some(({ end, endedAtMs }) => end === "ran" && endedAtMs < cancelAskedAtMs);
  return isTooLate ? "it had ended before anybody asked for that" : undefined;
}

/** Nobody can say how it ended only where its wrapper was taken away while it had the run. No disk here loses what is on it. */
function problemOfIndeterminate(stage: Stage, row: RunRow): string | undefined {
  if (row.code !== "CUT_OFF") return "no bridge lost what it had acknowledged";
  const ways = ends(stage, row);
  if (ways.includes("ran")) return "its wrapper has written down how it ended";
  return ways.some((way) => way === "killedByScenario" || way === "failedByDisk") ? undefined : "nothing cut it off";
}

/** A run is given up only when its server can have been away for as long as the lease, or the bridge's part of it. */
function problemOfLease({ scenario }: Stage): string | undefined {
  const { leaseMs, clockSkewMs } = limits;
  if (scenario.faults.some(({ kind }) => kind === "clock")) return undefined;
  const isAway = scenario.faults.some(
    (fault) =>
      separations.some((kind) => kind === fault.kind) && "forMs" in fault && fault.forMs > leaseMs - 3 * clockSkewMs,
  );
  return isAway ? undefined : "no server was away for that long";
}

/** Whether the scenario gave a reason not to start it. */
function hasReason(stage: Stage, task: Submitted, row: RunRow): boolean {
  const { scenario, hosts } = stage;
  const host = hosts.findIndex(({ machine }) => machine.name === task.place.machine);
  const faults = scenario.faults.filter(({ atMs }) => atMs < scenario.healAtMs);
  const has = (...kinds: Fault["kind"][]) =>
    faults.some((fault) => kinds.includes(fault.kind) && !("server" in fault && fault.server % hosts.length !== host));
  switch (row.code) {
    case "DEPENDENCY_FAILED":
      return task.after !== null;
    case "COMMAND_NOT_YET_VALID":
      return has("clock");
    case "COMMAND_EXPIRED":
      return has("clock") || (has(...separations) && scenario.healAtMs > signatureMs);
    case "LEASE_EXPIRED":
      return problemOfLease(stage) === undefined;
    case "DISK_FULL":
      return has("diskFull");
    case "INTERNAL":
      return has("killBridge", "killWrapper", "outOfMemory", "reboot", "diskError", "diskFull");
    default:
      return false;
  }
}
