import { makeOwnFolder } from "../sandbox/own-folder.ts";
import type { SandboxPlace } from "../sandbox/sandbox.ts";
import type { ActionContext, WorkspaceCommand } from "./action-context.ts";

/** Where a program of a command runs: with the workspace's home and scratch, and of its projects only what is named. */
export function runPlace(command: WorkspaceCommand, context: ActionContext, folders: readonly string[]): SandboxPlace {
  const { home, scratch } = context.data.workspace(command.workspaceId);
  const { workspaceId, projectId, network } = command;
  const writable = [...new Set([home, scratch, ...folders])];
  return { ...readingPlace(command, context, writable), of: { workspaceId, projectId }, network };
}

/** Where a program only looks something up: in the named folders, without a network. */
export function readingPlace(
  command: WorkspaceCommand,
  { users }: ActionContext,
  folders: readonly string[],
): SandboxPlace {
  const user = users?.of(command.workspaceId) ?? null;
  return { writable: folders, user, network: { mode: "none", hosts: [] }, promised: command.network };
}

/** Makes a workspace's folders; those that its runs write in are its user's. Throws when something else is in the place of one. */
export function makeWorkspace(command: WorkspaceCommand, { data, users }: ActionContext): void {
  const { path, projects, home, scratch } = data.workspace(command.workspaceId);
  const user = users?.of(command.workspaceId) ?? null;
  for (const folder of [path, projects]) makeOwnFolder(folder, null);
  for (const folder of [home, scratch]) makeOwnFolder(folder, user);
}

/** Makes a folder among a workspace's projects, which its runs can write in. */
export function makeProjectFolder(command: WorkspaceCommand, { users }: ActionContext, folder: string): void {
  makeOwnFolder(folder, users?.of(command.workspaceId) ?? null);
}
