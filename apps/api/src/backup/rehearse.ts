import { stat } from "node:fs/promises";
import { join } from "node:path";
import { asc } from "drizzle-orm";
import { verifyAudit } from "../audit/verify-audit.ts";
import { streamKeyPlace } from "../content/stream-keys.ts";
import { openDatabase, type OpenDatabase } from "../db/database.ts";
import { migrateDatabase } from "../db/migrate.ts";
import { auditChains, streamKeys } from "../db/schema.ts";
import { loadKeys } from "../keys/keys.ts";
import { loadMasterKey } from "../keys/master-key.ts";
import { SecretBox } from "../keys/secret-box.ts";
import { PlatformCommandError } from "../operator/platform-command-error.ts";
import { databaseName, relayName } from "./manifest.ts";
import type { PlacedState } from "./place-state.ts";
import { countRows } from "./sqlite-snapshot.ts";

/**
 * Opens everything of a backup that lies in a scratch folder, as a start would, and looks whether it is whole.
 *
 * @returns a report, a line for each thing that was tried @throws PlatformCommandError with what is wrong
 */
export async function rehearse(
  folder: string,
  { manifest, keys }: PlacedState,
  { masterKey, nowMs }: { masterKey: string | null; nowMs: number },
): Promise<string[]> {
  const path = join(folder, databaseName);
  const rows = countRows(path);
  for (const [table, count] of Object.entries(manifest.rows)) {
    if (rows[table] !== count)
      throw new PlatformCommandError(`The table ${table} has ${rows[table] ?? "no"} rows, and had ${count}.`);
  }
  const total = Object.values(rows).reduce((sum, count) => sum + count, 0);
  const objects = manifest.files.filter(({ name }) => relayName.test(name)).length;
  const lines = [
    `made          ${new Date(manifest.madeAtMs).toISOString()} by version ${manifest.platformVersion}`,
    `checksums     ${manifest.files.length} files as they were`,
    `database      ${total} rows in ${Object.keys(rows).length} tables, whole (${(await stat(path)).size} bytes)`,
    `relay         ${objects} files of objects, whole`,
  ];
  const database = await openDatabase(`file:${path}`, null);
  try {
    const { applied } = await migrateDatabase(database, { nowMs });
    lines.push(`migrations    ${applied.length === 0 ? "none is needed" : `${applied.join(", ")} ran on the copy`}`);
    lines.push(`audit         ${await verifyChains(database)}`);
    lines.push(`keys          ${keys === null ? "left out: not tried" : await tryKeys(folder, database, masterKey)}`);
  } finally {
    database.close();
  }
  return lines;
}

async function verifyChains({ db }: OpenDatabase): Promise<string> {
  const chains = await db.select({ chainId: auditChains.chainId }).from(auditChains).orderBy(asc(auditChains.chainId));
  let entries = 0;
  for (const { chainId } of chains) {
    const { head, fault } = await verifyAudit(db, chainId);
    if (fault !== null)
      throw new PlatformCommandError(`The audit of ${chainId} does not hold: ${JSON.stringify(fault).slice(0, 300)}`);
    entries += head.seq;
  }
  return `${chains.length} chains of ${entries} entries hold`;
}

/** Whether the platform's keys load, and whether the master key is the one that secrets were sealed with. */
async function tryKeys(folder: string, { db }: OpenDatabase, masterKey: string | null): Promise<string> {
  const { platform } = await loadKeys(folder);
  const secrets = new SecretBox(await loadMasterKey(folder, masterKey));
  const [sealed] = await db.select().from(streamKeys).limit(1);
  try {
    if (sealed !== undefined) secrets.open(sealed.sealedKey, streamKeyPlace(sealed));
  } catch (cause) {
    throw new PlatformCommandError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
  return `${platform.fingerprint}, version ${platform.set.version}${sealed === undefined ? "" : "; secrets open"}`;
}
