import type { CommandConflict } from "@quarterdeck/core/protocol/result";
import type { SQL } from "drizzle-orm";
import { recordAudit } from "../audit/repo.ts";
import { recordChange } from "../events/repo.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement } from "../writer.ts";
import { isRenewal } from "./renewal-repo.ts";
import { findReportedRun, setConnectionAlert, type ReportingServer } from "./report-repo.ts";

/**
 * A bridge refused a command because it knows its id, or its run's, with other content: the platform signed two things that
 * exclude each other, or somebody else has its key. An alert, unless it is another signature of the same command, as a
 * renewal is (PROTOCOL 8.3).
 */
export async function describeConflict(
  runtime: Runtime,
  { server, result, guard, atMs }: { server: ReportingServer; result: CommandConflict; guard: SQL; atMs: number },
): Promise<Statement[]> {
  const { serverId, orgId } = server;
  const { runId, commandId, known } = result;
  if (result.serverId !== serverId) return [];
  const run = known === "run" ? await findReportedRun(runtime.db, serverId, runId) : null;
  const isOfRun = run !== null && (run.commandId === commandId || (await isRenewal(runtime.db, runId, commandId)));
  if (isOfRun) return [];
  runtime.log.warn({ serverId, runId, commandId }, "a bridge refused a command that conflicts with another");
  const what = known === "command" ? "the command" : "the run";
  const detail = `COMMAND_CONFLICT: ${commandId}; the bridge knows ${what} with other content`;
  return [
    setConnectionAlert(serverId, { code: "COMMAND_CONFLICT", atMs }, guard),
    recordChange({ orgId }, { kind: "server", id: serverId, atMs: runtime.clock.nowMs() }, guard),
    recordAudit(
      runtime,
      { orgId, actor: serverId, address: null, action: "command.refuse", subject: runId, outcome: "refused", detail },
      guard,
    ),
  ];
}
