import { copyFile, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { platformVersion } from "../operator/platform-version.ts";
import { PlatformCommandError } from "../operator/platform-command-error.ts";
import { nullIfMissing } from "../null-if-missing.ts";
import { dumpServer } from "./dump-server.ts";
import {
  backupFormat,
  bridgeName,
  databaseName,
  relayName,
  sealedKeysName,
  sha256OfFile,
  type BackedUpFile,
  type BackupManifest,
} from "./manifest.ts";
import { sealKeys, type KeyFiles } from "./sealed-keys.ts";
import { countRows, snapshotSqlite } from "./sqlite-snapshot.ts";
import type { StoragePlaces } from "./storage-places.ts";

export interface BackupSource {
  readonly dataDir: string;
  readonly places: StoragePlaces;
  readonly databaseToken: string | null;
  /** What the keys are sealed with; null leaves them out. */
  readonly passphrase: string | null;
  readonly nowMs: number;
}

/** Where workerd keeps the objects of the relay, below the data directory. */
export const relayFolder = "relay/quarterdeck-server-session-v1";

/**
 * Copies the whole state into a folder. The order matters: the relay's objects first, then the database, so that the relay is
 * never ahead of what the API remembers to have told it, and the keys last, so that none is missing that the database knows of.
 */
export async function collectState(source: BackupSource, folder: string): Promise<BackupManifest> {
  const { dataDir, places, passphrase } = source;
  const relay = await snapshotRelay(dataDir, folder);
  const bridge = await copyBridge(dataDir, folder);
  const database = join(folder, databaseName);
  await copyDatabase(source, database);
  const plain = await Promise.all([databaseName, ...relay, ...bridge].map((name) => describeFile(folder, name)));
  const sealed = passphrase === null ? null : await sealPlatformKeys(dataDir, { passphrase, files: plain });
  if (sealed !== null) await writeFile(join(folder, sealedKeysName), sealed.sealed, { mode: 0o600 });
  return {
    format: backupFormat,
    platformVersion,
    madeAtMs: source.nowMs,
    databaseKind: places.database.kind,
    rows: countRows(database),
    files: sealed === null ? plain : [...plain, await describeFile(folder, sealedKeysName)],
    keys: sealed === null ? null : { salt: sealed.salt },
    needsMasterKeyFromEnvironment: places.hasMasterKeyInEnvironment,
  };
}

/** What the keys are sealed together with: a backup of which another file was changed does not open. */
export function sealingContext(files: readonly BackedUpFile[]): string {
  return JSON.stringify(files.filter(({ name }) => name !== sealedKeysName));
}

async function copyDatabase({ places, databaseToken }: BackupSource, target: string): Promise<void> {
  const { database } = places;
  if (database.kind === "server") return dumpServer({ url: database.url, token: databaseToken }, target);
  if ((await stat(database.path).catch(nullIfMissing)) === null)
    throw new PlatformCommandError(`There is no database ${database.path}. Name the platform's folder with --data.`);
  snapshotSqlite(database.path, target);
}

/** Each object's storage is a database of its own, of its own moment. An object that is made during the backup is in the next. */
async function snapshotRelay(dataDir: string, folder: string): Promise<string[]> {
  const from = join(dataDir, relayFolder);
  const files = await listFolder(from);
  await mkdir(join(folder, "relay"), { mode: 0o700 });
  const names = files.map((file) => `relay/${file}`).filter((name) => relayName.test(name));
  for (const name of names) snapshotSqlite(join(dataDir, relayFolder, name.slice("relay/".length)), join(folder, name));
  return names;
}

/** Who this machine's bridge is. What it keeps of runs and workspaces is of the server, not of the platform. */
async function copyBridge(dataDir: string, folder: string): Promise<string[]> {
  const names = (await listFolder(join(dataDir, "bridge")))
    .map((file) => `bridge/${file}`)
    .filter((name) => bridgeName.test(name));
  await mkdir(join(folder, "bridge"), { mode: 0o700 });
  for (const name of names) await copyFile(join(dataDir, name), join(folder, name));
  return names;
}

async function sealPlatformKeys(
  dataDir: string,
  { passphrase, files }: { passphrase: string; files: readonly BackedUpFile[] },
): Promise<{ salt: string; sealed: Buffer }> {
  const folder = join(dataDir, "keys");
  const names = (await listFolder(folder)).filter((name) => /^[a-z]+\.json$/.test(name));
  if (names.length === 0)
    throw new PlatformCommandError(`There are no keys in ${folder}. Name the platform's folder with --data.`);
  const read = await Promise.all(
    names.map(async (name) => [name, await readFile(join(folder, name), "utf8")] as const),
  );
  const keys: KeyFiles = Object.fromEntries(read);
  return sealKeys(keys, passphrase, sealingContext(files));
}

async function describeFile(folder: string, name: string): Promise<BackedUpFile> {
  const path = join(folder, name);
  return { name, bytes: (await stat(path)).size, sha256: await sha256OfFile(path) };
}

/** The names in a folder; none where there is no such folder. */
export async function listFolder(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
