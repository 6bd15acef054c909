import { randomBytes } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { makeId, type SessionId } from "@quarterdeck/core/ids";
import { isDiskFull } from "../disk/disk-full.ts";
import { errorMessage } from "../log.ts";
import { bridgeVersion } from "../version.ts";
import { findDamage, hasTablesOf, rowChecksum } from "./damage.ts";
import type { JournalSteps } from "./schema.ts";

/** The journal cannot be believed: its file is cut short, overwritten, or not ours. */
export class JournalDamaged extends Error {
  override readonly name = "JournalDamaged";
}

/** A newer bridge wrote the journal. It is left as it is (PROTOCOL 9.6). */
export class JournalTooNew extends Error {
  override readonly name = "JournalTooNew";
}

/** The journal could not be opened, for a reason that says nothing about what is in it. It is left as it is. */
export class JournalNotOpened extends Error {
  override readonly name = "JournalNotOpened";
}

export interface JournalFile {
  readonly database: DatabaseSync;
  readonly sessionId: SessionId;
}

interface OpenOptions {
  readonly nowMs: number;
  readonly steps: JournalSteps;
}

/**
 * Opens the file of a journal and checks all of it, or makes one with a new session.
 *
 * @throws JournalDamaged | JournalTooNew | JournalNotOpened; as it comes, the error of a disk that is full
 */
export function openJournalFile(path: string, options: OpenOptions): JournalFile {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    return { database, sessionId: checkOrMake(database, options) };
  } catch (error) {
    database?.close();
    if (error instanceof JournalTooNew || isDiskFull(error)) throw error;
    if (error instanceof JournalDamaged || isCorrupt(error))
      throw new JournalDamaged(`the journal ${path} is damaged: ${errorMessage(error)}`, { cause: error });
    throw new JournalNotOpened(
      `The journal ${path} could not be opened: ${errorMessage(error)}. It was left as it is; mend the cause and start the bridge again.`,
      { cause: error },
    );
  }
}

const sqliteError = 1;
const sqliteCorrupt = 11;
const sqliteNotADatabase = 26;

function isCorrupt(error: unknown): boolean {
  const errcode = errcodeOf(error);
  // SQLite has no code of its own for a header with a number that no SQLite ever wrote.
  const hasForeignHeader = errcode === sqliteError && errorMessage(error).includes("unsupported file format");
  return errcode === sqliteCorrupt || errcode === sqliteNotADatabase || hasForeignHeader;
}

function errcodeOf(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : undefined;
}

function checkOrMake(database: DatabaseSync, { nowMs, steps }: OpenOptions): SessionId {
  const schemaVersion = readVersion(database);
  if (schemaVersion > steps.length) refuseNewer(database, schemaVersion);
  const taken = steps.slice(0, Math.max(schemaVersion, 0));
  // Before anything looks into the tables: what is not as it was made ends in errors that could have other causes.
  if (!hasTablesOf(database, taken)) throw new JournalDamaged("its tables are not those that were made");
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF");
  // The whole check, because an index that lost an entry could hide a command that is known.
  const { integrity_check: found } = database.prepare("PRAGMA integrity_check").get() as { integrity_check: string };
  if (found !== "ok") throw new JournalDamaged(found);
  if (taken.length === 0) return makeTables(database, { nowMs, steps });
  const damage = findDamage(database);
  if (damage !== undefined) throw new JournalDamaged(damage);
  if (readMeta(database, "schemaVersion") !== String(schemaVersion)) throw new JournalDamaged(otherVersion);
  return readSession(database);
}

const otherVersion = "the version of its tables is not what was written";

/** A number that a flipped bit made is newer too: it is believed only if the checked row says the same. */
function refuseNewer(database: DatabaseSync, schemaVersion: number): never {
  if (readCheckedMeta(database, "schemaVersion") !== String(schemaVersion)) throw new JournalDamaged(otherVersion);
  const madeBy = readCheckedMeta(database, "tablesMadeBy") ?? "unknown";
  throw new JournalTooNew(
    `The journal was brought up to date by quarterdeck-bridge ${madeBy}, and this is ${bridgeVersion}, which cannot read it. ` +
      `Nothing was changed. Install version ${madeBy} or a newer one.`,
  );
}

function makeTables(database: DatabaseSync, { nowMs, steps }: OpenOptions): SessionId {
  const sessionId = makeId("session", nowMs, randomBytes(16));
  database.exec("BEGIN IMMEDIATE");
  for (const step of steps) database.exec(step);
  writeMeta(database, { sessionId, receivedCommands: "0", lastResult: "0" });
  writeVersion(database, steps.length);
  database.exec("COMMIT");
  return sessionId;
}

/** Brings the tables to the newest version. Inside a transaction: all of it, or nothing. */
export function migrateJournal(database: DatabaseSync, steps: JournalSteps): void {
  for (const step of steps.slice(readVersion(database))) database.exec(step);
  writeVersion(database, steps.length);
}

/** That of the tables: how many of the steps they have taken. */
export function readVersion(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
}

function writeVersion(database: DatabaseSync, schemaVersion: number): void {
  writeMeta(database, { schemaVersion: String(schemaVersion), tablesMadeBy: bridgeVersion });
  database.exec(`PRAGMA user_version = ${schemaVersion}`);
}

function writeMeta(database: DatabaseSync, values: Record<string, string>): void {
  const insert = database.prepare("INSERT OR REPLACE INTO meta (name, value, checksum) VALUES (?, ?, ?)");
  for (const [name, value] of Object.entries(values)) insert.run(name, value, rowChecksum(name, value));
}

/** For a journal whose other tables nobody here knows. */
function readCheckedMeta(database: DatabaseSync, name: string): string | undefined {
  if (!database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'meta'").get()) return undefined;
  const row = database.prepare("SELECT * FROM meta WHERE name = ?").get(name);
  const value = String(row?.["value"]);
  return row?.["checksum"] === rowChecksum(name, value) ? value : undefined;
}

function readSession(database: DatabaseSync): SessionId {
  const sessionId = readMeta(database, "sessionId");
  const counters = [readMeta(database, "receivedCommands"), readMeta(database, "lastResult")];
  const areSound = counters.every((counter) => counter !== undefined && /^\d{1,15}$/.test(counter));
  if (!sessionId || !/^ses_[0-9a-hjkmnp-tv-z]{26}$/.test(sessionId) || !areSound)
    throw new JournalDamaged("its session is damaged");
  return sessionId as SessionId;
}

export function readMeta(database: DatabaseSync, name: string): string | undefined {
  const value = database.prepare("SELECT value FROM meta WHERE name = ?").get(name)?.["value"];
  return value === undefined ? undefined : String(value);
}
