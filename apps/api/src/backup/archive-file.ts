import { execFile } from "node:child_process";
import { lstat, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import { PlatformCommandError } from "../operator/platform-command-error.ts";
import { nullIfMissing } from "../null-if-missing.ts";
import { backupFormat, manifestSchema, sha256Hex, sha256OfFile, type BackupManifest } from "./manifest.ts";

const run = promisify(execFile);
const manifestName = "manifest.json";
const digestName = "manifest.json.sha256";

/** Packs a folder with the files of a manifest into one archive, which is there whole or not at all. */
export async function packArchive(folder: string, manifest: BackupManifest, target: string): Promise<void> {
  const text = JSON.stringify(manifest, null, 1);
  await writeFile(join(folder, manifestName), text);
  await writeFile(join(folder, digestName), sha256Hex(text));
  const names = [digestName, manifestName, ...manifest.files.map(({ name }) => name)];
  await writeFile(join(folder, "names"), names.join("\n"));
  const staging = `${folder}.tar.gz`;
  await run("tar", [
    "--create",
    "--gzip",
    "--file",
    staging,
    "--directory",
    folder,
    "--files-from",
    join(folder, "names"),
  ]);
  const file = await open(staging, "r+");
  try {
    await file.chmod(0o600);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(staging, target);
}

/**
 * Unpacks an archive into an empty folder: the files that its manifest names and nothing else, each compared with its checksum.
 *
 * @throws PlatformCommandError when it is damaged, or of a newer version
 */
export async function unpackArchive(archive: string, folder: string): Promise<BackupManifest> {
  const damaged = (what: string, cause?: unknown) =>
    new PlatformCommandError(`${archive} is damaged: ${what}. Take another backup.`, { cause });
  // The whole of it is read, so that a flipped bit anywhere meets the checksum of the compression too.
  const extract = async (names: readonly string[]) => {
    const list = join(folder, "names");
    await writeFile(list, names.join("\n"));
    const where = ["--file", archive, "--directory", folder, "--verbatim-files-from", "--files-from", list];
    await run("tar", ["--extract", "--gzip", "--no-same-owner", ...where]).catch((error: unknown) => {
      const words = error instanceof Error && "stderr" in error ? String(error.stderr).split("\n")[0] : String(error);
      throw damaged(`it does not unpack (${words})`, error);
    });
    await rm(list);
  };
  await extract([manifestName, digestName]);
  const text = await readPlain(join(folder, manifestName));
  const digest = await readPlain(join(folder, digestName));
  if (text === null || digest === null || sha256Hex(text) !== digest) throw damaged("its list of files was changed");
  const manifest = parseManifest(archive, text);
  if (manifest.files.length > 0) await extract(manifest.files.map(({ name }) => name));
  for (const { name, bytes, sha256 } of manifest.files) {
    const path = join(folder, name);
    const found = await lstat(path).catch(nullIfMissing);
    if (found === null || !found.isFile() || found.size !== bytes || (await sha256OfFile(path)) !== sha256)
      throw damaged(`${name} is not what was backed up`);
  }
  return manifest;
}

function parseManifest(archive: string, text: string): BackupManifest {
  const value: unknown = JSON.parse(text);
  const format = z.object({ format: z.int() }).safeParse(value).data?.format ?? 0;
  if (format > backupFormat) {
    throw new PlatformCommandError(
      `${archive} was made by a newer version of Quarterdeck (format ${format}). Restore it with that version.`,
    );
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new PlatformCommandError(
    `${archive} is no backup of Quarterdeck: ${z.prettifyError(parsed.error).slice(0, 500)}`,
  );
}

/** A file's text; null where there is none, or where it is a link or anything else. */
async function readPlain(path: string): Promise<string | null> {
  const found = await lstat(path).catch(nullIfMissing);
  return found?.isFile() ? readFile(path, "utf8") : null;
}
