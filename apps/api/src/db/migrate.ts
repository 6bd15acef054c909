import { createHash } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { migrate } from "drizzle-orm/libsql/migrator";
import * as z from "zod";
import type { OpenDatabase } from "./database.ts";

export const migrationsFolder = join(import.meta.dirname, "..", "..", "drizzle");
const copiesKept = 5;

/** The database was written by a newer Quarterdeck. */
export class NewerDatabaseError extends Error {
  override readonly name = "NewerDatabaseError";
}

const journalSchema = z.object({ entries: z.array(z.object({ tag: z.string() })) });

export interface MigrationReport {
  /** The names of the migrations that ran. */
  readonly applied: readonly string[];
  /** The copy that was made before, if the database held anything and is a file. */
  readonly copy: string | null;
}

/** Brings the database to this version. Keeps a copy of it before anything changes, and refuses a newer one. */
export async function migrateDatabase(
  database: OpenDatabase,
  options: { nowMs: number; folder?: string },
): Promise<MigrationReport> {
  const folder = options.folder ?? migrationsFolder;
  const known = await readMigrations(folder);
  const applied = await readAppliedHashes(database);
  const knownHashes = new Set(known.map((migration) => migration.hash));
  if (applied.some((hash) => !knownHashes.has(hash))) {
    throw new NewerDatabaseError(
      "The database was written by a newer version of Quarterdeck. Start that version, or restore the copy that it kept beside the database before it changed it.",
    );
  }
  const pending = known.filter((migration) => !applied.includes(migration.hash)).map((migration) => migration.tag);
  const next = pending[0];
  if (next === undefined) return { applied: [], copy: null };
  const copy = applied.length > 0 ? await keepCopy(database, `before-${next}-${options.nowMs}`) : null;
  await migrate(database.db, { migrationsFolder: folder });
  return { applied: pending, copy };
}

async function readMigrations(folder: string): Promise<{ tag: string; hash: string }[]> {
  const journal = journalSchema.parse(JSON.parse(await readFile(join(folder, "meta", "_journal.json"), "utf8")));
  return Promise.all(
    journal.entries.map(async ({ tag }) => {
      const sql = await readFile(join(folder, `${tag}.sql`), "utf8");
      return { tag, hash: createHash("sha256").update(sql).digest("hex") };
    }),
  );
}

async function readAppliedHashes({ client }: OpenDatabase): Promise<string[]> {
  const table = await client.execute("select 1 from sqlite_master where name = '__drizzle_migrations'");
  if (table.rows.length === 0) return [];
  const rows = await client.execute("select hash from __drizzle_migrations order by created_at");
  return z
    .array(z.object({ hash: z.string() }))
    .parse(rows.rows)
    .map(({ hash }) => hash);
}

async function keepCopy({ client, filePath }: OpenDatabase, label: string): Promise<string | null> {
  if (filePath === null) return null; // A libSQL server keeps its own backups.
  const copy = `${filePath}.${label}`;
  await client.execute({ sql: "VACUUM INTO ?", args: [copy] });
  const prefix = `${basename(filePath)}.before-`;
  const copies = (await readdir(dirname(filePath))).filter((name) => name.startsWith(prefix));
  const age = (name: string) => Number(name.slice(name.lastIndexOf("-") + 1));
  copies.sort((a, b) => age(b) - age(a));
  await Promise.all(copies.slice(copiesKept).map((name) => rm(join(dirname(filePath), name))));
  return copy;
}
