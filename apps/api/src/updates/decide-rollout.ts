import type { ServerId } from "@quarterdeck/core/ids";
import type { ServerStatus } from "../servers/views.ts";
import type { UpdateState } from "./views.ts";

/** The update of one server in a rollout, and how that server is now. */
export interface RolloutMember {
  readonly serverId: ServerId;
  readonly name: string;
  readonly state: UpdateState;
  readonly sentAtMs: number | null;
  /** When the new version said that it runs. */
  readonly reportedAtMs: number | null;
  readonly message: string | null;
  readonly status: ServerStatus;
  /** It was removed from the platform. */
  readonly isRevoked: boolean;
  readonly runningVersion: string | null;
}

export interface RolloutTimes {
  /** How long a new version is watched before it counts, and before the next servers get it. */
  readonly settleMs: number;
  /** How long a server may take to say how its update ended. */
  readonly answerMs: number;
}

export type RolloutStep =
  | { readonly kind: "send"; readonly serverId: ServerId }
  | { readonly kind: "mark"; readonly serverId: ServerId; readonly state: UpdateState; readonly message: string | null }
  | { readonly kind: "end"; readonly state: "completed" | "stopped"; readonly reason: string | null };

export interface RolloutDecision {
  readonly steps: readonly RolloutStep[];
  /** When to look again, even if nothing is heard; null when it has ended. */
  readonly lookAgainAtMs: number | null;
}

/** After the first server has been updated and stayed healthy, so many are updated at once. */
export const groupSize = 5;

/**
 * What a rollout does next: one server first, the rest in small groups once that one stayed healthy, and nothing more after
 * a failure. A function of what is stored, so that any process can go on with it at any time.
 *
 * @param members in the order in which they are updated
 */
export function decideRollout(
  members: readonly RolloutMember[],
  { version, nowMs, times }: { version: string; nowMs: number; times: RolloutTimes },
): RolloutDecision {
  const judged = members.map((member) => judge(member, { version, nowMs, times }));
  const marks = judged.filter((member, index) => member.state !== members[index]?.state);
  const failed = judged.find((member) => member.state === "failed");
  const inFlight = judged.filter(isInFlight);
  const isConfirmed = judged.some((member) => member.state === "updated");
  let room = failed ? 0 : (isConfirmed ? groupSize : 1) - inFlight.length;
  const steps: RolloutStep[] = marks.map(toMark);
  let open = inFlight.length;
  for (const member of judged) {
    if (member.state !== "waiting") continue;
    const obstacle = failed
      ? `Not tried, because the update of ${failed.name} failed.`
      : room > 0
        ? obstacleOf(member, version)
        : null;
    if (obstacle !== null) steps.push(toMark({ ...member, state: "skipped", message: obstacle }));
    else {
      open++;
      if (room > 0) {
        steps.push({ kind: "send", serverId: member.serverId });
        room--;
      }
    }
  }
  if (open === 0) steps.push(endOf(failed));
  const ends = judged.flatMap((member) => deadlinesOf(member, times)).filter((atMs) => atMs > nowMs);
  return { steps, lookAgainAtMs: open === 0 ? null : ends.length > 0 ? Math.min(...ends) : nowMs + times.answerMs };
}

function isInFlight({ state }: RolloutMember): boolean {
  return state === "sent" || state === "settling";
}

function toMark({ serverId, state, message }: RolloutMember): RolloutStep {
  return { kind: "mark", serverId, state, message };
}

function endOf(failed: RolloutMember | undefined): RolloutStep {
  if (!failed) return { kind: "end", state: "completed", reason: null };
  return { kind: "end", state: "stopped", reason: `${failed.name}: ${failed.message ?? "The update failed."}` };
}

/** What has become of an update that is under way. */
function judge(
  member: RolloutMember,
  { version, nowMs, times }: { version: string; nowMs: number; times: RolloutTimes },
): RolloutMember {
  const failed = (message: string): RolloutMember => ({ ...member, state: "failed", message });
  const { state, sentAtMs, reportedAtMs, status, runningVersion } = member;
  if (state === "sent" && nowMs >= (sentAtMs ?? 0) + times.answerMs)
    return failed("The server did not say in time how its update ended. Look at its bridge's log.");
  if (state !== "settling") return member;
  const settledAtMs = (reportedAtMs ?? 0) + times.settleMs;
  if (nowMs < settledAtMs) return member;
  if (status === "online")
    return runningVersion === version
      ? { ...member, state: "updated", message: null }
      : failed(`After the update it reports version ${runningVersion ?? "unknown"}.`);
  if (nowMs < settledAtMs + times.answerMs) return member;
  return failed("It was updated, and then it went away and did not come back.");
}

function deadlinesOf({ state, sentAtMs, reportedAtMs }: RolloutMember, { settleMs, answerMs }: RolloutTimes): number[] {
  if (state === "sent") return [(sentAtMs ?? 0) + answerMs];
  if (state !== "settling") return [];
  const settledAtMs = (reportedAtMs ?? 0) + settleMs;
  return [settledAtMs, settledAtMs + answerMs];
}

/** Why a server is passed over at its turn. */
function obstacleOf({ status, isRevoked, runningVersion }: RolloutMember, version: string): string | null {
  if (isRevoked) return "It was removed.";
  if (runningVersion === version) return "It runs that version already.";
  return status === "online" ? null : "It was not connected at its turn.";
}
