import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { PlatformCommandError } from "../operator/platform-command-error.ts";
import { unpackArchive } from "./archive-file.ts";
import { listFolder, relayFolder, sealingContext } from "./collect-state.ts";
import { bridgeName, databaseName, relayName, sealedKeysName, type BackupManifest } from "./manifest.ts";
import { openKeys, type KeyFiles } from "./sealed-keys.ts";
import { findDamage } from "./sqlite-snapshot.ts";

/** Where the keys come from: a passphrase that opens those of the backup, or a folder that has them. */
export type KeySource =
  | { readonly kind: "passphrase"; readonly passphrase: string }
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "none" };

export interface PlacedState {
  readonly manifest: BackupManifest;
  readonly keys: KeyFiles | null;
}

/**
 * Unpacks a backup into an empty folder as a platform's data directory, and checks each part of it. Nothing of it has been
 * started or changed.
 */
export async function placeState(archive: string, folder: string, keySource: KeySource): Promise<PlacedState> {
  const unpacked = join(folder, "unpacked");
  await mkdir(unpacked, { mode: 0o700 });
  const manifest = await unpackArchive(archive, unpacked);
  const keys = await readKeys(unpacked, manifest, keySource);
  const databases = manifest.files
    .map(({ name }) => name)
    .filter((name) => name === databaseName || relayName.test(name));
  for (const name of databases) {
    const damage = findDamage(join(unpacked, name));
    if (damage !== null)
      throw new PlatformCommandError(`${name} in the backup is damaged: ${damage}. Take another backup.`);
  }
  await mkdir(join(folder, relayFolder), { recursive: true, mode: 0o700 });
  await mkdir(join(folder, "bridge"), { mode: 0o700 });
  for (const { name } of manifest.files) {
    const target = placeOf(name);
    if (target !== null) await rename(join(unpacked, name), join(folder, target));
  }
  await rm(unpacked, { recursive: true });
  if (keys !== null) {
    await mkdir(join(folder, "keys"), { mode: 0o700 });
    for (const [name, text] of Object.entries(keys)) await writeFile(join(folder, "keys", name), text, { mode: 0o600 });
  }
  return { manifest, keys };
}

function placeOf(name: string): string | null {
  if (name === databaseName || bridgeName.test(name)) return name;
  return relayName.test(name) ? join(relayFolder, basename(name)) : null;
}

async function readKeys(
  unpacked: string,
  { keys, files }: BackupManifest,
  source: KeySource,
): Promise<KeyFiles | null> {
  if (source.kind === "none") return null;
  if (source.kind === "passphrase") {
    if (keys === null)
      throw new PlatformCommandError(
        "This backup was made without keys. Give the folder that has them: --keys DIRECTORY",
      );
    const sealed = await readFile(join(unpacked, sealedKeysName));
    return openKeys({ salt: keys.salt, sealed }, source.passphrase, sealingContext(files));
  }
  const names = (await listFolder(source.path)).filter((name) => /^[a-z]+\.json$/.test(name));
  if (!names.includes("platform.json"))
    throw new PlatformCommandError(`${source.path} has no platform.json: it is not a platform's folder of keys.`);
  const read = await Promise.all(
    names.map(async (name) => [name, await readFile(join(source.path, name), "utf8")] as const),
  );
  return Object.fromEntries(read);
}

/** A new folder beside another, on the same file system, for what is not complete yet. */
export async function makeFolderBeside(path: string, use: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  return mkdtemp(join(dirname(path), `.${basename(path)}.${use}-`));
}

/** Each row lets somebody in, or a step further. */
const credentialTables = ["auth_sessions", "account_links", "pending_sign_ins", "passkey_challenges"] as const;

/**
 * What a restored database must not have of before: what has been ended or used since would let in again. That is sessions,
 * links, half-done sign-ins, invitations, enrolment commands and offered shares. The platform's audit says that this is a copy
 * of an earlier moment.
 */
export function markRestored(database: string, entry: { entryId: string; atMs: number; madeAtMs: number }): void {
  const { entryId, atMs, madeAtMs } = entry;
  const file = new DatabaseSync(database);
  try {
    file.exec("BEGIN");
    for (const table of credentialTables) file.exec(`delete from ${table}`);
    // No token has such a hash. Whoever is invited stays so, and can be sent another link.
    file.exec(
      `update invitations set "tokenHash" = 'restored ' || "invitationId" where "acceptedAtMs" is null and "revokedAtMs" is null`,
    );
    file.prepare(`update shares set "tokenHash" = null, "expiresAtMs" = ? where state = 'offered'`).run(atMs);
    file.prepare(`update enrolments set "revokedAtMs" = ? where "usedAtMs" is null and not "isThisMachine"`).run(atMs);
    file
      .prepare(
        `insert into audit_entries ("entryId", "atMs", actor, action, outcome, detail) values (?, ?, 'platform', 'platform.restore', 'done', ?)`,
      )
      .run(entryId, atMs, `the state of ${new Date(madeAtMs).toISOString()}`);
    file.exec("COMMIT");
  } finally {
    file.close();
  }
}
