import { actions, defaultOutputLimitBytes, worksOnBridge, type ActionName } from "@quarterdeck/core/actions/catalogue";
import type { SecretInput } from "@quarterdeck/core/actions/secret-input";
import { demandOf, type TaskDemand } from "@quarterdeck/core/actions/task-demand";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { CommandId, OrgId, ProjectId, RunId, ServerId, TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import type { Command, CommandText, Priority } from "@quarterdeck/core/protocol/command";
import { limits } from "@quarterdeck/core/protocol/limits";
import { sha256Base64Url } from "@quarterdeck/core/protocol/signing";
import { dayMs, minuteMs } from "@quarterdeck/core/units";
import { noBounds, readBounds, type CommandBounds } from "../limits/read-bounds.ts";
import { toldQuota } from "../limits/told-quota.ts";
import { findPrograms } from "../projects/repo.ts";
import type { Runtime } from "../runtime.ts";
import { limitToSlice } from "../sharing/slice-limits.ts";
import type { TaskParams } from "./views.ts";

/** How long what the platform signs is valid (PROTOCOL 8.3). */
export const commandLife = {
  /** One signature of a command that starts something. The relay has it renewed while the run waits. */
  signatureMs: 15 * minuteMs,
  /** A cancel is not renewed: it starts nothing, and must still count when its server comes back. */
  cancelMs: dayMs,
  /** New limits for what runs: they start nothing, and must still count when their server comes back. */
  limitsMs: dayMs,
  /** From the submission: past it nothing is renewed. */
  runMs: dayMs,
} as const;

/** A renewal is the same attempt: the bridge never had the command that it replaces. */
export const firstAttempt = 1;

export interface CommandRequest {
  readonly commandId: CommandId;
  readonly runId: RunId;
  readonly taskId: TaskId;
  readonly orgId: OrgId;
  readonly workspaceId: WorkspaceId | null;
  readonly projectId: ProjectId | null;
  readonly server: { readonly serverId: ServerId; readonly keyFingerprint: string; readonly sealingKey: string };
  readonly action: ActionName;
  readonly params: TaskParams;
  readonly secretInput: SecretInput | null;
  readonly priority: Priority;
  /** What the task says of it; without it, the action's. */
  readonly demand?: TaskDemand | null;
  /** Whether it may go on while its server has no connection; without it, it may. */
  readonly isDetached?: boolean;
  readonly nowMs: number;
  readonly expiresAtMs: number;
  /** What it says of limits and network where that is not as things are now. */
  readonly bounds?: CommandBounds;
}

/** Signs what a bridge will do: for one server, one bridge key and one attempt; what only it may read is sealed for it. */
export async function signCommand(
  { db, env, keys, commandSealer }: Pick<Runtime, "db" | "env" | "keys" | "commandSealer">,
  request: CommandRequest,
): Promise<CommandText> {
  const { server, action, nowMs, secretInput, demand = null, bounds: given, isDetached = true, ...same } = request;
  const { workspaceId, projectId, orgId } = request;
  const ids = { ...same, serverId: server.serverId, attempt: firstAttempt };
  const ownerId = projectId ?? workspaceId;
  const sealed =
    worksOnBridge(action) || ownerId === null
      ? null
      : await commandSealer.seal({ orgId }, { ids, ownerId, sealingKey: server.sealingKey, secretInput });
  const isBound = !worksOnBridge(action) && workspaceId !== null;
  const bounds =
    given ?? (isBound ? await readBounds({ db, env }, { orgId, workspaceId, projectId }, action) : noBounds);
  const { effect, timeoutMs } = actions[action];
  // As they are when it is signed: a renewal brings what was changed meanwhile.
  const programs = action === "exec" && projectId !== null ? await findPrograms(db, { orgId }, projectId) : null;
  const command: Command = {
    v: 1,
    ...same,
    serverId: server.serverId,
    bridgeKeyFingerprint: server.keyFingerprint,
    action,
    effect,
    demand: demandOf(action, demand),
    ...(programs === null ? {} : { programs }),
    ...(isDetached ? {} : { detached: false as const }),
    limits: { timeoutMs, outputBytes: defaultOutputLimitBytes },
    network: bounds.network,
    quota: await toldQuota(
      db,
      server.serverId,
      await limitToSlice(db, { orgId, serverId: server.serverId }, bounds.quota),
    ),
    notBeforeMs: nowMs,
    attempt: firstAttempt,
    sealedHash: sealed === null ? null : await sha256Base64Url(sealed),
  };
  const text = JSON.stringify(command);
  if (Buffer.byteLength(text) > limits.commandBytes) {
    throw new QuarterdeckError(
      "TOO_LARGE",
      `The task's parameters are too large: with them its command has more than ${limits.commandBytes} bytes. Put long input into a file of the project.`,
    );
  }
  return { ...(await keys.platform.sign("command", text)), sealed };
}
