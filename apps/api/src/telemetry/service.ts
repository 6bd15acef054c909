import type { ProjectId, ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import type { TenantScope } from "../auth/scope.ts";
import { requireProject } from "../projects/require-project.ts";
import type { Runtime } from "../runtime.ts";
import { requireServer } from "../servers/service.ts";
import { requireWorkspace } from "../workspaces/service.ts";
import { columnsOf } from "./history-columns.ts";
import { listPoints } from "./repo.ts";
import { spanRules, type HistorySpan, type TelemetryHistory, type TelemetryNodeId } from "./views.ts";

/** What a server, a workspace or a project used in the past, in steps that fit how much is asked for. */
export async function readHistory(
  runtime: Pick<Runtime, "db" | "clock">,
  scope: TenantScope,
  { nodeId, span }: { nodeId: TelemetryNodeId; span: HistorySpan },
): Promise<TelemetryHistory> {
  await requireNode(runtime, scope, nodeId);
  const { lengthMs, stepMs } = spanRules[span];
  const toMs = runtime.clock.nowMs();
  const fromMs = toMs - lengthMs;
  const points = await listPoints(runtime.db, scope, { nodeId, stepMs, fromMs: fromMs - stepMs, toMs });
  return { fromMs, toMs, stepMs, ...columnsOf(points) };
}

async function requireNode(runtime: Pick<Runtime, "db">, scope: TenantScope, nodeId: TelemetryNodeId): Promise<void> {
  if (isOf<ServerId>(nodeId, "srv_")) await requireServer(runtime, scope, nodeId);
  else if (isOf<WorkspaceId>(nodeId, "ws_")) await requireWorkspace(runtime, scope, nodeId);
  else await requireProject(runtime, scope, nodeId as ProjectId);
}

function isOf<NodeId extends TelemetryNodeId>(nodeId: TelemetryNodeId, prefix: string): nodeId is NodeId {
  return nodeId.startsWith(prefix);
}
