import { closeSync, constants, openSync, readSync } from "node:fs";
import { idSchema, type ProjectId } from "@quarterdeck/core/ids";
import { archivedProjectSchema, mostArchivedProjects } from "@quarterdeck/core/protocol/archive-report";
import { mebibyte } from "@quarterdeck/core/units";
import * as z from "zod";
import { archiveFormats, type ArchiveIds } from "./archive-file.ts";
import { manifestName } from "./pack-workspace.ts";
import { parseHeader, type ArchivePart } from "./unpack-archive.ts";

/** A project's archive in that of its workspace. */
export interface WorkspacePart extends ArchivePart {
  readonly projectId: ProjectId;
  readonly sizeBytes: number;
}

const manifestSchema = z.strictObject({
  v: z.literal(1),
  workspaceId: idSchema("workspace"),
  runId: idSchema("run"),
  projects: z.array(archivedProjectSchema.extend({ file: z.string() })).max(mostArchivedProjects),
});

const blockBytes = 512;
const mostManifestBytes = mebibyte;

interface Member {
  readonly name: string;
  readonly start: number;
  readonly sizeBytes: number;
}

/** Bytes of a file. @throws when it has fewer */
type ReadAt = (position: number, bytes: number) => Buffer;

/**
 * What is in the archive of a workspace: what its manifest says, and nothing beside. A program in the sandbox wrote it, so it is believed
 * no more than what a run writes.
 *
 * @throws with what is wrong with it
 */
export function readWorkspaceArchive(path: string, ids: ArchiveIds): WorkspacePart[] {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return parseWorkspaceArchive((position, bytes) => {
      const buffer = Buffer.alloc(bytes);
      if (readSync(descriptor, buffer, { position }) < bytes) throw new Error("the archive is cut short");
      return buffer;
    }, ids);
  } finally {
    closeSync(descriptor);
  }
}

/** The same of anything that can be read like a file. */
export function parseWorkspaceArchive(readAt: ReadAt, { ownerId, runId }: ArchiveIds): WorkspacePart[] {
  const members = readMembers(readAt);
  const last = members.at(-1);
  if (last?.name !== manifestName || last.sizeBytes > mostManifestBytes) throw new Error("the archive has no manifest");
  const { projects, ...said } = parseManifest(readAt(last.start, last.sizeBytes).toString("utf8"));
  if (said.workspaceId !== ownerId || said.runId !== runId)
    throw new Error("the archive is that of another workspace or run");
  const projectIds = new Set(projects.map(({ projectId }) => projectId));
  if (projects.length !== members.length - 1 || projectIds.size < projects.length)
    throw new Error("the archive holds other projects than its manifest says");
  return projects.map(({ projectId, file, sizeBytes, sha256 }, index) => {
    const member = members[index];
    const format = archiveFormats.find(({ extension }) => file === `${projectId}${extension}`);
    if (!format || member?.name !== file || member.sizeBytes !== sizeBytes || sizeBytes === 0)
      throw new Error(`the archive holds another ${projectId} than its manifest says`);
    const { start } = member;
    return { projectId, sizeBytes, sha256, start, end: start + sizeBytes - 1, isZstd: format.program === "zstd" };
  });
}

function parseManifest(text: string): z.infer<typeof manifestSchema> {
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error("the archive's manifest is malformed", { cause: error });
  }
}

function readMembers(readAt: ReadAt): Member[] {
  const members: Member[] = [];
  for (let at = 0; ; ) {
    const header = parseHeader(readAt(at, blockBytes));
    if (header === undefined) return members;
    const { name, type, size: sizeBytes } = header;
    const start = at + blockBytes;
    if (type !== "0" || members.length > mostArchivedProjects)
      throw new Error(`the archive of the workspace holds ${name}`);
    members.push({ name, start, sizeBytes });
    at = start + Math.ceil(sizeBytes / blockBytes) * blockBytes;
  }
}
