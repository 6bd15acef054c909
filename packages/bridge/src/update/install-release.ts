import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { DataDirectory } from "../data-directory.ts";
import { fsyncDirectory } from "../durable-file.ts";
import { readTar } from "./read-tar.ts";

/** The program of a version, in its folder. */
export const releaseEntry = "dist/quarterdeck-bridge.mjs";
const unfinishedPrefix = ".unpacking-";

/**
 * Unpacks a checked package into `versions/<version>`, so that after a crash it is there whole or not at all. What an
 * earlier attempt left there is replaced; the caller sees to it that this version does not run.
 */
export function installRelease(data: DataDirectory, version: string, archive: Buffer): void {
  const files = readTar(gunzipSync(archive, { maxOutputLength: 4 * limits.releaseBytes }));
  mkdirSync(data.versions, { recursive: true, mode: 0o700 });
  const unfinished = join(data.versions, `${unfinishedPrefix}${process.pid}`);
  rmSync(unfinished, { recursive: true, force: true });
  const folders = new Set<string>([unfinished]);
  for (const file of files) {
    const path = join(unfinished, file.name.slice("package/".length));
    for (let folder = dirname(path); folder !== unfinished; folder = dirname(folder)) folders.add(folder);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, file.content, { mode: file.isExecutable ? 0o700 : 0o600 });
    fsyncFile(path);
  }
  for (const folder of folders) fsyncDirectory(folder);
  const target = data.version(version);
  rmSync(target, { recursive: true, force: true });
  renameSync(unfinished, target);
  fsyncDirectory(data.versions);
}

/** Removes versions that nobody will start again, and what an interrupted attempt left. */
export function removeOtherVersions(data: DataDirectory, keep: readonly string[]): void {
  let names: string[];
  try {
    names = readdirSync(data.versions);
  } catch {
    return; // There has never been an update here.
  }
  for (const name of names) {
    if (!keep.includes(name)) rmSync(join(data.versions, name), { recursive: true, force: true });
  }
}

function fsyncFile(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
