import { gibibyte } from "@quarterdeck/core/units";
import { refused, type Completion, type WorkspaceCommand } from "./action-context.ts";
import type { UnpackLimits } from "./unpack-archive.ts";

const mostUnpackedBytes = 64 * gibibyte;
const mostEntries = 2_000_000;

/** How much an archive may unpack to: not more than the quotas that its command carries. */
export function unpackLimits({ quota }: Pick<WorkspaceCommand, "quota">): UnpackLimits {
  const maxBytes = Math.min(mostUnpackedBytes, quota?.project?.disk ?? Infinity, quota?.workspace.disk ?? Infinity);
  return { maxBytes, maxEntries: mostEntries };
}

export const missingArchive: Completion = refused({
  code: "NOT_FOUND",
  message: "There is no such archive on this server.",
});

export const changedArchive: Completion = refused({
  code: "ARCHIVE_REFUSED",
  message: "The archive is not what was archived: its checksum is another. Nothing was restored.",
});
