import { existsSync } from "node:fs";
import { join } from "node:path";
import zlib from "node:zlib";
import type { ProjectId } from "@quarterdeck/core/ids";
import { findProgram } from "../drivers/search-path.ts";
import { makeOwnFolder } from "../sandbox/own-folder.ts";
import { failed, refused, type ProgramAction, type WorkspaceCommand } from "./action-context.ts";
import { archiveFormats, archiveName, findArchive, keepArchive, readKept, type ArchiveFormat } from "./archive-file.ts";
import { missingProject, projectDirectory } from "./project-directory.ts";
import { removeTree } from "./remove-tree.ts";
import { runEnvironment } from "./run-environment.ts";
import { makeProjectFolder, readingPlace } from "./sandbox-place.ts";

/** tar packs a project in the sandbox, as the workspace's user. What it made is kept where no run gets at it, with its checksum. */
export const projectArchive: ProgramAction = {
  kind: "program",
  async launch(command, context) {
    const directory = projectDirectory(command, context);
    if (!directory) return { kind: "done", completion: refused(missingProject) };
    const tar = findProgram("tar", context.folders);
    const compression = findCompression(context.folders);
    if (!tar || !compression) {
      const message =
        "tar, and zstd or gzip, are not installed on this server. Install them (Debian, Ubuntu: apt install tar zstd).";
      return { kind: "done", completion: refused({ code: "NOT_FOUND", message }) };
    }
    const workspace = context.data.workspace(command.workspaceId);
    makeOwnFolder(workspace.archives, null);
    const unfinished = workspace.unfinishedArchive(command.runId);
    await removeTree(unfinished, command, context);
    makeProjectFolder(command, context, unfinished);
    const call = {
      program: tar,
      args: [
        "--create",
        "--format=gnu",
        "--sort=name",
        "--hard-dereference", // A restored project shares no file with anything.
        "--one-file-system",
        "--numeric-owner",
        "--owner=0",
        "--group=0",
        "--force-local",
        `--use-compress-program=${compression.path}`,
        `--file=${join(unfinished, archiveName(idsOf(command), compression.format))}`,
        `--directory=${directory}`,
        ".",
      ],
      directory,
      environment: runEnvironment(command, context),
    };
    const place = readingPlace(command, context, [directory, unfinished]);
    return { kind: "program", call: context.sandbox.wrap(call, place) };
  },
  async complete(command, context, end) {
    const workspace = context.data.workspace(command.workspaceId);
    const unfinished = workspace.unfinishedArchive(command.runId);
    const { verdict } = end.completion;
    if (verdict !== "succeeded") {
      await removeTree(unfinished, command, context);
      if (verdict !== "failed") return end.completion;
      return failed("ARCHIVE_FAILED", "The project could not be archived. Nothing was kept.", end.tail);
    }
    const packed = findArchive(unfinished, idsOf(command));
    const kept = findArchive(workspace.archives, idsOf(command));
    if (!packed && !kept) return failed("ARCHIVE_FAILED", "The archive disappeared before it could be kept.");
    const { sizeBytes, sha256 } = packed ? await keepArchive(packed, workspace) : readKept(kept ?? "");
    if (existsSync(unfinished)) await removeTree(unfinished, command, context);
    return { ...end.completion, message: `Archive ${command.runId}: ${sizeBytes} bytes, SHA-256 ${sha256}.` };
  },
};

function idsOf({ projectId, runId }: WorkspaceCommand) {
  return { projectId: projectId as ProjectId, runId };
}

function findCompression(folders: readonly string[]): { format: ArchiveFormat; path: string } | undefined {
  for (const format of archiveFormats) {
    // What could not be read again is not written: an older Node has no zstd.
    const isReadable = format.program === "gzip" || "createZstdDecompress" in zlib;
    const path = isReadable ? findProgram(format.program, folders) : undefined;
    if (path) return { format, path };
  }
  return undefined;
}
