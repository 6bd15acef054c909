import type { ProjectId, ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import { anyNetwork, type Command, type CommandText } from "@quarterdeck/core/protocol/command";
import type { Capabilities } from "@quarterdeck/core/protocol/capabilities";
import { and, eq, inArray, isNull } from "drizzle-orm";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { runs, servers, tasks, workspaces } from "../db/schema.ts";
import type { Runtime } from "../runtime.ts";
import { commandLife, signCommand } from "../tasks/sign-command.ts";

/** A group whose limits have changed. */
export interface ChangedGroup {
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId | null;
  readonly quota: NonNullable<Command["quota"]>;
}

export interface LimitCommand {
  readonly serverId: ServerId;
  readonly command: CommandText;
}

interface BusyPlace {
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId | null;
  readonly server: { readonly serverId: ServerId; readonly keyFingerprint: string; readonly sealingKey: string };
  readonly capabilities: Capabilities | null;
}

/**
 * Signs what brings new limits to the groups in which runs go on, or whose runs are on their way with the limits before. Where
 * nothing runs the next command brings them (PROTOCOL 16.3).
 */
export async function signLimitCommands(
  runtime: Runtime,
  scope: TenantScope,
  changed: readonly ChangedGroup[],
): Promise<LimitCommand[]> {
  if (changed.length === 0) return [];
  const busy = await listBusyPlaces(runtime.db, scope, [...new Set(changed.map(({ workspaceId }) => workspaceId))]);
  const nowMs = runtime.clock.nowMs();
  const commands = changed.map(async (group): Promise<LimitCommand[]> => {
    const place = busy.find(
      ({ workspaceId, projectId }) =>
        workspaceId === group.workspaceId && (group.projectId === null || group.projectId === projectId),
    );
    if (place === undefined || place.capabilities?.actions.includes("workspace.limits") !== true) return [];
    const command = await signCommand(runtime, {
      commandId: runtime.makeId("command"),
      runId: runtime.makeId("run"),
      taskId: runtime.makeId("task"),
      orgId: scope.orgId,
      workspaceId: group.workspaceId,
      projectId: group.projectId,
      server: place.server,
      action: "workspace.limits",
      params: {},
      secretInput: null,
      priority: "urgent",
      nowMs,
      expiresAtMs: nowMs + commandLife.limitsMs,
      bounds: { quota: group.quota, network: anyNetwork },
    });
    return [{ serverId: place.server.serverId, command }];
  });
  return (await Promise.all(commands)).flat();
}

/** Where there are runs that have not ended. */
async function listBusyPlaces(
  db: Database,
  { orgId }: TenantScope,
  workspaceIds: readonly WorkspaceId[],
): Promise<BusyPlace[]> {
  return db
    .selectDistinct({
      workspaceId: tasks.workspaceId,
      projectId: tasks.projectId,
      server: { serverId: servers.serverId, keyFingerprint: servers.keyFingerprint, sealingKey: servers.sealingKey },
      capabilities: servers.capabilities,
    })
    .from(runs)
    .innerJoin(tasks, and(eq(tasks.orgId, runs.orgId), eq(tasks.taskId, runs.taskId)))
    .innerJoin(workspaces, eq(workspaces.workspaceId, tasks.workspaceId))
    .innerJoin(servers, and(eq(servers.serverId, workspaces.serverId), eq(servers.serverId, runs.serverId)))
    .where(
      and(
        eq(workspaces.orgId, orgId),
        isNull(servers.revokedAtMs),
        inArray(runs.state, ["queued", "dispatched", "running"]),
        inArray(tasks.workspaceId, [...workspaceIds]),
      ),
    );
}
