import type { RunId } from "@quarterdeck/core/ids";
import { trustedKeys } from "@quarterdeck/core/protocol/key-set";
import { and, eq, isNull, notInArray, or, sql, type SQL } from "drizzle-orm";
import { previousChanged } from "../db/insert-when.ts";
import { isCancelOpen, runs, servers, tasks } from "../db/schema.ts";
import { enqueue } from "../outbox/repo.ts";
import type { Runtime } from "../runtime.ts";
import { signCancel } from "./sign-cancel.ts";

/**
 * Sends each cancel again that has not had its effect and whose key nobody obeys any more, signed by the key that signs now.
 * What was sent again is noted with it, so that it may be done at any time, and after a crash. Cancelling twice is cancelling once.
 */
export async function signCancelsAgain(runtime: Runtime): Promise<void> {
  const { db, writer, clock, keys } = runtime;
  const isDropped = or(isNull(runs.cancelKey), notInArray(runs.cancelKey, trustedKeys(keys.platform.set)));
  const open = await db
    .select({ run: runs, task: tasks, keyFingerprint: servers.keyFingerprint, sealingKey: servers.sealingKey })
    .from(runs)
    .innerJoin(tasks, and(eq(tasks.orgId, runs.orgId), eq(tasks.taskId, runs.taskId)))
    .innerJoin(servers, and(eq(servers.serverId, runs.serverId), isNull(servers.revokedAtMs)))
    .where(and(isCancelOpen, isDropped));
  const nowMs = clock.nowMs();
  for (const { run, task, keyFingerprint, sealingKey } of open) {
    const { runId, taskId, orgId, serverId } = run;
    const { command, platformKey } = await signCancel(runtime, {
      runId,
      taskId,
      orgId,
      workspaceId: task.workspaceId,
      projectId: task.projectId,
      server: { serverId, keyFingerprint, sealingKey },
      nowMs,
    });
    const isOpen = sql`${isCancelOpen} and exists
      (select 1 from ${servers} where ${eq(servers.serverId, serverId)} and ${eq(servers.keyFingerprint, keyFingerprint)})`;
    await writer.commit([
      noteCancelKey({ runId, before: run.cancelKey, platformKey }, isOpen),
      ...enqueue({ serverId, entry: { kind: "cancel", runId, ...command }, nowMs }, previousChanged),
    ]);
  }
  if (open.length > 0) runtime.nudgeOutbox();
}

/** Changes a row unless somebody else has signed it again meanwhile. */
function noteCancelKey(
  { runId, before, platformKey }: { runId: RunId; before: string | null; platformKey: string },
  condition: SQL,
): SQL {
  return sql`update ${runs} set "cancelKey" = ${platformKey}
    where ${eq(runs.runId, runId)} and "cancelKey" is ${before} and ${condition}`;
}
