import type { ServerId } from "@quarterdeck/core/ids";
import type { Report } from "@quarterdeck/core/protocol/relay-api";
import type { RunFinished, RunStarted } from "@quarterdeck/core/protocol/result";
import type { SQL } from "drizzle-orm";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement } from "../writer.ts";
import { runRefused } from "../relay/run-refused.ts";
import { findUpdateByRun, recordUpdateEnd, type ReportedUpdate } from "./repo.ts";

/** What a bridge said about its update changes: nothing where the run is no update, or the result is not of its command. */
export async function describeUpdateResult(
  runtime: Runtime,
  { serverId, result, guard }: { serverId: ServerId; result: RunStarted | RunFinished; guard: SQL },
): Promise<Statement[]> {
  const update = await findUpdateByRun(runtime.db, serverId, result.runId);
  if (update === null || result.kind === "started") return [];
  if (update.commandId !== result.commandId || update.taskId !== result.taskId || result.serverId !== serverId)
    return [];
  const isUpdated = result.verdict === "succeeded";
  const message = isUpdated ? null : (result.message ?? result.code);
  const end = recordEnd(runtime, update, { isUpdated, message, guard });
  return result.verdict === "refused"
    ? [...end, runRefused(runtime, { orgId: update.orgId, runId: result.runId }, { by: serverId, code: result.code })]
    : end;
}

/** The relay ended it before it reached the bridge. */
export async function describeUpdateEnd(
  runtime: Runtime,
  { serverId, report, guard }: { serverId: ServerId; report: Extract<Report, { kind: "ended" }>; guard: SQL },
): Promise<Statement[]> {
  const update = await findUpdateByRun(runtime.db, serverId, report.runId);
  return update === null ? [] : recordEnd(runtime, update, { isUpdated: false, message: report.message, guard });
}

function recordEnd(
  runtime: Runtime,
  update: ReportedUpdate,
  { isUpdated, message, guard }: { isUpdated: boolean; message: string | null; guard: SQL },
): Statement[] {
  const nowMs = runtime.clock.nowMs();
  return [
    recordUpdateEnd(update, { isUpdated, message, nowMs }, guard),
    recordChange(update, { kind: "server", id: update.serverId, atMs: nowMs }, previousChanged),
  ];
}
