import type { Command } from "@quarterdeck/core/protocol/command";
import type { SandboxPlace } from "../sandbox/sandbox.ts";
import type { ActionContext, WorkspaceCommand } from "./action-context.ts";

/** Where a program of a command runs: what it may write is its own directory, and its workspace's home and scratch. */
export function sandboxPlace(command: WorkspaceCommand, context: ActionContext, directory: string): SandboxPlace {
  const { home, scratch } = context.data.workspace(command.workspaceId);
  return {
    writable: [...new Set([directory, home, scratch])],
    user: context.userOf(command.workspaceId),
    network: networkOf(command),
  };
}

function networkOf(command: Command & { readonly network?: SandboxPlace["network"] }): SandboxPlace["network"] {
  return command.network ?? { mode: "all", hosts: [] };
}
