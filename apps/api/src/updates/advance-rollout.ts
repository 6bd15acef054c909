import { previousChanged } from "../db/insert-when.ts";
import { recordAudit } from "../audit/repo.ts";
import { isAllowed } from "../auth/permissions.ts";
import { recordChange } from "../events/repo.ts";
import type { Claim } from "../outbox/claim.ts";
import { enqueue } from "../outbox/repo.ts";
import type { Runtime } from "../runtime.ts";
import { commandLife, signCommand } from "../tasks/sign-command.ts";
import { decideRollout, type RolloutMember, type RolloutStep, type RolloutTimes } from "./decide-rollout.ts";
import { endRollout, holdsClaim, listMembers, markSent, markUpdate, type Rollout, type StoredMember } from "./repo.ts";

/**
 * Takes a rollout one step further. Every write holds only for the claim and for what was read, so whatever another process
 * did meanwhile stays.
 *
 * @returns when to look again, or null when it has ended
 */
export async function advanceRollout(
  runtime: Runtime,
  rollout: Rollout,
  { claim, times }: { claim: Claim; times: RolloutTimes },
): Promise<number | null> {
  const stored = await listMembers(runtime.db, rollout.rolloutId);
  const obstacle = obstacleOf(runtime, rollout);
  const members = obstacle === null ? stored : stored.map((member) => withdraw(member, obstacle));
  const nowMs = runtime.clock.nowMs();
  const { steps, lookAgainAtMs } = decideRollout(members, { version: rollout.version, nowMs, times });
  if (obstacle !== null) {
    for (const { serverId, state } of stored)
      if (state === "waiting") await take(runtime, rollout, { claim, step: skip(serverId, obstacle), stored });
  }
  for (const step of steps) {
    const told =
      step.kind === "end" && obstacle !== null ? ({ ...step, state: "stopped", reason: obstacle } as const) : step;
    await take(runtime, rollout, { claim, step: told, stored });
  }
  return lookAgainAtMs;
}

const skip = (serverId: StoredMember["serverId"], message: string) =>
  ({ kind: "mark", serverId, state: "skipped", message }) as const;

function withdraw<M extends RolloutMember>(member: M, message: string): M {
  return member.state === "waiting" ? { ...member, state: "skipped", message } : member;
}

/** Why nothing more is sent, whatever the servers say. */
function obstacleOf({ release }: Runtime, { manifestHash, version, role, isOrgClosing }: Rollout): string | null {
  if (isOrgClosing) return "The organization is going to be deleted.";
  if (release?.manifestHash !== manifestHash)
    return `The platform does not offer this package of version ${version} any more.`;
  if (role === null || !isAllowed(role, "servers.manage")) return "Who started it may not manage servers any more.";
  return null;
}

async function take(
  runtime: Runtime,
  rollout: Rollout,
  { claim, step, stored }: { claim: Claim; step: RolloutStep; stored: readonly StoredMember[] },
): Promise<void> {
  const { rolloutId, orgId } = rollout;
  const guard = holdsClaim(claim);
  const nowMs = runtime.clock.nowMs();
  const changed = (id: string) => recordChange({ orgId }, { kind: "server", id, atMs: nowMs }, previousChanged);
  if (step.kind === "end") {
    const [first] = stored;
    await runtime.writer.commit([
      endRollout(rolloutId, { state: step.state, reason: step.reason, nowMs }, guard),
      ...(first ? [changed(first.serverId)] : []),
    ]);
    return;
  }
  const { serverId } = step;
  const member = stored.find((one) => one.serverId === serverId);
  if (!member) return;
  if (step.kind === "mark") {
    const change = { from: member.state, state: step.state, message: step.message, nowMs };
    await runtime.writer.commit([markUpdate({ rolloutId, serverId }, change, guard), changed(serverId)]);
    return;
  }
  await send(runtime, rollout, { claim, member });
}

async function send(
  runtime: Runtime,
  rollout: Rollout,
  { claim, member }: { claim: Claim; member: StoredMember },
): Promise<void> {
  const { rolloutId, orgId, version, manifestHash, triesAgain, startedBy } = rollout;
  const { serverId, keyFingerprint, sealingKey } = member;
  const nowMs = runtime.clock.nowMs();
  const runId = runtime.makeId("run");
  const commandId = runtime.makeId("command");
  const taskId = runtime.makeId("task");
  const command = await signCommand(runtime, {
    commandId,
    runId,
    taskId,
    orgId,
    workspaceId: null,
    projectId: null,
    server: { serverId, keyFingerprint, sealingKey },
    action: "bridge.update",
    params: { version, manifestHash, allowsDowngrade: false, triesAgain },
    secretInput: null,
    priority: "normal",
    nowMs,
    expiresAtMs: nowMs + commandLife.signatureMs,
  });
  await runtime.writer.commit([
    markSent({ rolloutId, serverId }, { runId, commandId, taskId, nowMs }, holdsClaim(claim)),
    ...enqueue({ serverId, entry: { kind: "command", ...command }, nowMs }, previousChanged),
    recordAudit(
      runtime,
      {
        orgId,
        actor: startedBy,
        address: null,
        action: "server.update",
        subject: serverId,
        outcome: "done",
        detail: version,
      },
      previousChanged,
    ),
    recordChange({ orgId }, { kind: "server", id: serverId, atMs: nowMs }, previousChanged),
  ]);
  runtime.nudgeOutbox();
}
