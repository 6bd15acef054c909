import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDatabase, type OpenDatabase } from "./database.ts";
import { migrateDatabase, migrationsFolder, NewerDatabaseError } from "./migrate.ts";

let folder: string;
let database: OpenDatabase;
/** The migrations of a version that has one more. */
let newer: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "quarterdeck-migrate-"));
  database = await openDatabase(`file:${folder}/quarterdeck.db`, null);
  newer = join(folder, "newer");
  await cp(migrationsFolder, newer, { recursive: true });
});

afterEach(async () => {
  database.close();
  await rm(folder, { recursive: true, force: true });
});

async function addMigration(tag: string): Promise<void> {
  await writeFile(join(newer, `${tag}.sql`), `create table "${tag}" (id integer);`);
  const path = join(newer, "meta", "_journal.json");
  const journal = JSON.parse(await readFile(path, "utf8")) as { entries: object[] };
  const when = 9_000_000_000_000 + journal.entries.length;
  journal.entries.push({ idx: journal.entries.length, version: "6", when, tag, breakpoints: true });
  await writeFile(path, JSON.stringify(journal));
}

const copies = async () => (await readdir(folder)).filter((name) => name.includes(".before-"));

test("an empty database is made without a copy, and a second start changes nothing", async () => {
  expect((await migrateDatabase(database, { nowMs: 1 })).applied).toContain("0000_first");
  expect(await migrateDatabase(database, { nowMs: 2 })).toEqual({ applied: [], copy: null });
  expect(await copies()).toEqual([]);
});

test("a copy with the data of before is kept before a migration changes something", async () => {
  await migrateDatabase(database, { nowMs: 1 });
  await database.client.batch(["insert into orgs (orgId, name, createdAtMs) values ('org_1', 'Orchard', 1)"], "write");
  await addMigration("0001_next");
  const { applied, copy } = await migrateDatabase(database, { nowMs: 2, folder: newer });
  expect(applied).toEqual(["0001_next"]);
  const before = createClient({ url: `file:${copy}` });
  expect((await before.execute("select name from orgs")).rows[0]?.["name"]).toBe("Orchard");
  expect((await before.execute("select 1 from sqlite_master where name = '0001_next'")).rows).toEqual([]);
  before.close();
});

test("a bounded number of copies is kept, the newest", async () => {
  await migrateDatabase(database, { nowMs: 1 });
  for (let i = 1; i <= 8; i++) {
    await addMigration(`000${i}_more`);
    await migrateDatabase(database, { nowMs: 100 + i, folder: newer });
  }
  const kept = await copies();
  expect(kept).toHaveLength(5);
  expect(kept.some((name) => name.endsWith("-108"))).toBe(true);
});

test("a newer database is refused and left as it is [F11]", async () => {
  await addMigration("0001_next");
  await migrateDatabase(database, { nowMs: 1, folder: newer });
  await expect(migrateDatabase(database, { nowMs: 2 })).rejects.toThrow(NewerDatabaseError);
  await expect(migrateDatabase(database, { nowMs: 2 })).rejects.toThrow(/newer version.*restore the copy/);
  expect(await copies()).toEqual([]);
});

test("the migrations make what the schema says", async () => {
  const { generateSQLiteDrizzleJson, generateSQLiteMigration } = await import("drizzle-kit/api");
  const meta = (await readdir(join(migrationsFolder, "meta"))).filter((name) => name.endsWith("_snapshot.json")).sort();
  const last = JSON.parse(await readFile(join(migrationsFolder, "meta", meta.at(-1) ?? ""), "utf8")) as never;
  const schema = await import("./schema.ts");
  expect(await generateSQLiteMigration(last, await generateSQLiteDrizzleJson(schema))).toEqual([]);
});
