import type { ServerId } from "@quarterdeck/core/ids";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { enqueue } from "../outbox/repo.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement } from "../writer.ts";
import { cancelRuns } from "./cancel-runs.ts";
import { listOpenRuns, writeCordon, writeUncordon } from "./cordon-repo.ts";
import { getServer, requireOwnServer } from "./service.ts";
import type { ServerView } from "./views.ts";

/** From now on nothing that uses the server starts there; what runs goes on. A drain is taken back to a cordon. */
export async function cordonServer(runtime: Runtime, scope: OrgScope, serverId: ServerId): Promise<ServerView> {
  const nowMs = runtime.clock.nowMs();
  const change = writeCordon(scope, { serverId, drains: false, nowMs });
  return setAdmission(runtime, scope, { serverId, change, action: "server.cordon", isCordoned: true });
}

export async function uncordonServer(runtime: Runtime, scope: OrgScope, serverId: ServerId): Promise<ServerView> {
  const change = writeUncordon(scope, serverId);
  return setAdmission(runtime, scope, { serverId, change, action: "server.uncordon", isCordoned: false });
}

/** Cordons a server until nothing runs there; what runs may end by itself, or is cancelled. */
export async function drainServer(
  runtime: Runtime,
  scope: OrgScope,
  { serverId, cancelsRuns }: { serverId: ServerId; cancelsRuns: boolean },
): Promise<ServerView> {
  const nowMs = runtime.clock.nowMs();
  const change = writeCordon(scope, { serverId, drains: true, nowMs });
  const view = await setAdmission(runtime, scope, { serverId, change, action: "server.drain", isCordoned: true });
  if (!cancelsRuns) return view;
  const server = await requireOwnServer(runtime, scope, serverId);
  // What the relay starts before it takes the cordon is told to end behind the cordon, in the same order.
  const open = await listOpenRuns(runtime.db, { serverId, states: ["dispatched", "running"] });
  await cancelRuns(runtime, scope, { server, open, why: "server.drain" });
  return getServer(runtime, scope, serverId);
}

interface AdmissionChange {
  readonly serverId: ServerId;
  readonly change: Statement;
  readonly action: "server.cordon" | "server.uncordon" | "server.drain";
  readonly isCordoned: boolean;
}

async function setAdmission(
  runtime: Runtime,
  scope: OrgScope,
  { serverId, change, action, isCordoned }: AdmissionChange,
): Promise<ServerView> {
  await requireOwnServer(runtime, scope, serverId);
  const { orgId, userId, address } = scope;
  const nowMs = runtime.clock.nowMs();
  await runtime.writer.commit([
    change,
    ...enqueue({ serverId, entry: { kind: "cordon", isCordoned }, nowMs }, previousChanged),
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action, subject: serverId, outcome: "done", detail: null },
      previousChanged,
    ),
    recordChange(scope, { kind: "server", id: serverId, atMs: nowMs }, previousChanged),
  ]);
  runtime.nudgeOutbox();
  return getServer(runtime, scope, serverId);
}
