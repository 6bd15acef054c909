import { and, eq, isNotNull, isNull, ne } from "drizzle-orm";
import { runs, servers, tasks } from "../db/schema.ts";
import { enqueue } from "../outbox/repo.ts";
import type { Runtime } from "../runtime.ts";
import { signCancel } from "./sign-cancel.ts";

/**
 * Sends each cancel again that has not had its effect, signed by the key that signs now: a bridge may not obey the one that
 * signed it first. Cancelling twice is cancelling once.
 */
export async function signCancelsAgain(runtime: Runtime): Promise<void> {
  const { db, writer, clock } = runtime;
  const open = await db
    .select({ run: runs, task: tasks, keyFingerprint: servers.keyFingerprint, sealingKey: servers.sealingKey })
    .from(runs)
    .innerJoin(tasks, and(eq(tasks.orgId, runs.orgId), eq(tasks.taskId, runs.taskId)))
    .innerJoin(servers, and(eq(servers.serverId, runs.serverId), isNull(servers.revokedAtMs)))
    .where(and(isNotNull(runs.cancelAskedAtMs), ne(runs.state, "ended")));
  const nowMs = clock.nowMs();
  for (const { run, task, keyFingerprint, sealingKey } of open) {
    const { runId, taskId, orgId, serverId } = run;
    const command = await signCancel(runtime, {
      runId,
      taskId,
      orgId,
      workspaceId: task.workspaceId,
      projectId: task.projectId,
      server: { serverId, keyFingerprint, sealingKey },
      nowMs,
    });
    const isOpen = eq(servers.keyFingerprint, keyFingerprint);
    await writer.commit(enqueue({ serverId, entry: { kind: "cancel", runId, ...command }, nowMs }, isOpen));
  }
  if (open.length > 0) runtime.nudgeOutbox();
}
