import type { CommandId, RunId, ServerId, TaskId } from "@quarterdeck/core/ids";
import type { RunResult } from "@quarterdeck/core/protocol/result";

interface RunOfResult {
  readonly runId: RunId;
  readonly taskId: TaskId;
  readonly serverId: ServerId;
  readonly commandId: CommandId;
  readonly attempt: number;
}

/** Whether what a bridge signed is about this run of this server, under a command that was signed for it (PROTOCOL 8.3). */
export function isResultOf(run: RunOfResult, result: RunResult, { isRenewed }: { isRenewed: boolean }): boolean {
  return (
    result.serverId === run.serverId &&
    result.runId === run.runId &&
    result.taskId === run.taskId &&
    result.attempt === run.attempt &&
    (result.commandId === run.commandId || isRenewed)
  );
}
