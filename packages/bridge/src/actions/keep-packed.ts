import { existsSync } from "node:fs";
import { join } from "node:path";
import { actions } from "@quarterdeck/core/actions/catalogue";
import type { MadeArchive } from "@quarterdeck/core/protocol/archive-report";
import {
  failed,
  type ActionContext,
  type Completion,
  type ProgramEnd,
  type WorkspaceCommand,
} from "./action-context.ts";
import { findArchive, keepArchive, pruneArchives, readKept, type ArchiveOwner } from "./archive-file.ts";
import { removeTree } from "./remove-tree.ts";

interface Packed {
  readonly ownerId: ArchiveOwner;
  /** In a message: "The project". */
  readonly what: string;
  /** What of it is reported besides, read from the archive. */
  readonly projectsIn: (path: string) => MadeArchive["projects"];
}

/**
 * Ends a run that packed: what it made is put to the other archives and the oldest of too many go; of a run that failed, nothing stays.
 * Each step can be the last before a crash: called again, it goes on from there.
 */
export async function keepPacked(
  command: WorkspaceCommand,
  context: ActionContext,
  { end, packed }: { readonly end: ProgramEnd; readonly packed: Packed },
): Promise<Completion> {
  const workspace = context.data.workspace(command.workspaceId);
  const unfinished = workspace.unfinishedArchive(command.runId);
  const ids = { ownerId: packed.ownerId, runId: command.runId };
  const { verdict } = end.completion;
  if (verdict !== "succeeded") {
    await removeTree(unfinished, command, context);
    if (verdict !== "failed") return end.completion;
    return failed("ARCHIVE_FAILED", `${packed.what} could not be archived. Nothing was kept.`, end.tail);
  }
  try {
    const file = findArchive(unfinished, ids);
    const kept = findArchive(workspace.archives, ids);
    if (!file && !kept) return failed("ARCHIVE_FAILED", "The archive disappeared before it could be kept.");
    const projects = packed.projectsIn(file ?? kept ?? "");
    const { sizeBytes, sha256 } = file ? await keepArchive(file, workspace) : readKept(kept ?? "");
    const { keeps } = actions["project.archive"].params.parse(command.params);
    const archives = { made: { sizeBytes, sha256, projects }, kept: pruneArchives(workspace.archives, ids, keeps) };
    return { ...end.completion, message: `Archive ${command.runId}: ${sizeBytes} bytes, SHA-256 ${sha256}.`, archives };
  } finally {
    if (existsSync(unfinished)) await removeTree(unfinished, command, context);
  }
}

/** Where an archive grows. */
export function unfinishedPath(command: WorkspaceCommand, { data }: ActionContext, name: string): string {
  return join(data.workspace(command.workspaceId).unfinishedArchive(command.runId), name);
}
