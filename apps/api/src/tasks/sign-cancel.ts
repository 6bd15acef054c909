import type { ProjectId, RunId, TaskId, WorkspaceId, OrgId } from "@quarterdeck/core/ids";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import type { Runtime } from "../runtime.ts";
import { commandLife, signCommand, type CommandRequest } from "./sign-command.ts";

interface CancelRequest {
  /** The run that is to end. */
  readonly runId: RunId;
  readonly taskId: TaskId;
  readonly orgId: OrgId;
  readonly workspaceId: WorkspaceId | null;
  readonly projectId: ProjectId | null;
  readonly server: CommandRequest["server"];
  readonly nowMs: number;
}

export interface SignedCancel {
  readonly command: SignedText;
  /** Which of the platform's keys signed it, or the one before if that changed meanwhile. */
  readonly platformKey: string;
}

/** Signs what ends a run. It is a command of its own, without a sealed part: it works on the bridge. */
export async function signCancel(
  runtime: Runtime,
  { runId, taskId, orgId, workspaceId, projectId, server, nowMs }: CancelRequest,
): Promise<SignedCancel> {
  const platformKey = runtime.keys.platform.publicKey;
  const { signed, signature } = await signCommand(runtime, {
    commandId: runtime.makeId("command"),
    runId: runtime.makeId("run"), // The cancel's own; the run that it cancels is in its parameters.
    taskId,
    orgId,
    workspaceId,
    projectId,
    server,
    action: "task.cancel",
    params: { runId },
    secretInput: null,
    priority: "urgent",
    nowMs,
    expiresAtMs: nowMs + commandLife.cancelMs,
  });
  return { command: { signed, signature }, platformKey };
}
