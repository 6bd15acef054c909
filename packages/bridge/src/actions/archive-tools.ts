import zlib from "node:zlib";
import type { Refusal } from "@quarterdeck/core/errors/result";
import { findProgram } from "../drivers/search-path.ts";
import { archiveFormats, type ArchiveFormat } from "./archive-file.ts";

/** The programs of this server that pack. */
export interface ArchiveTools {
  readonly tar: string;
  readonly format: ArchiveFormat;
  /** The path of what compresses. */
  readonly compression: string;
}

export const missingTools: Refusal = {
  code: "NOT_FOUND",
  message:
    "tar, and zstd or gzip, are not installed on this server. Install them (Debian, Ubuntu: apt install tar zstd).",
};

export function findArchiveTools(folders: readonly string[]): ArchiveTools | undefined {
  const tar = findProgram("tar", folders);
  if (!tar) return undefined;
  for (const format of archiveFormats) {
    // What could not be read again is not written: an older Node has no zstd.
    const isReadable = format.program === "gzip" || "createZstdDecompress" in zlib;
    const compression = isReadable ? findProgram(format.program, folders) : undefined;
    if (compression) return { tar, format, compression };
  }
  return undefined;
}

/** The arguments with which tar packs; `file` may be `-`, its standard output. */
export function packingArguments({ compression }: ArchiveTools, file: string): string[] {
  return [
    "--create",
    "--format=gnu",
    "--sort=name",
    "--hard-dereference", // A restored project shares no file with anything.
    "--one-file-system",
    "--numeric-owner",
    "--owner=0",
    "--group=0",
    "--force-local",
    `--use-compress-program=${compression}`,
    `--file=${file}`,
  ];
}
