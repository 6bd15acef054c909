import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type Client } from "@libsql/client";
import { Sqlite3Client } from "@libsql/client/sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { KeepingPool } from "./kept-statements.ts";

let folder: string;
let pool: KeepingPool;
let client: Client;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "quarterdeck-statements-"));
  pool = new KeepingPool(`${folder}/test.db`);
  client = new Sqlite3Client(pool, "number");
  await client.execute("PRAGMA journal_mode = WAL");
  await client.execute("create table amounts (id integer primary key, amount integer not null check (amount >= 0))");
});

afterEach(async () => {
  client.close();
  await rm(folder, { recursive: true, force: true });
});

const insert = (id: number, amount = 1) =>
  client.execute({ sql: "insert into amounts values (?, ?)", args: [id, amount] });

function prepare(source: string) {
  const connection = pool.acquireSync();
  pool.release(connection);
  return connection.prepare(source);
}

test("a statement is prepared once", () => {
  const first = prepare("select id from amounts where id = ?");
  expect(prepare("select id from amounts where id = ?")).toBe(first);
  expect(prepare("select amount from amounts where id = ?")).not.toBe(first);
});

test("a statement that is used again answers what is asked this time, however many rows that is", async () => {
  const counts = [0, 1, 99, 100, 101, 200, 250];
  const ids = JSON.stringify(Array.from({ length: 250 }, (_, id) => id));
  await client.execute({ sql: "insert into amounts select value, 1 from json_each(?)", args: [ids] });
  for (const count of [...counts, ...counts.toReversed()]) {
    const { rows, columns } = await client.execute({ sql: "select id from amounts where id < ?", args: [count] });
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: count }, (_, id) => id));
    expect(columns).toEqual(["id"]);
  }
});

test("a statement that failed is prepared anew, and its neighbours go on", async () => {
  await insert(1);
  const before = prepare("insert into amounts values (?, ?)");
  await expect(insert(2, -1)).rejects.toThrow("CHECK");
  expect(prepare("insert into amounts values (?, ?)")).not.toBe(before);
  expect((await insert(2)).rowsAffected).toBe(1);
  expect((await client.execute("select id from amounts")).rows.map(({ id }) => id)).toEqual([1, 2]);
});

test("a change of the schema shows in statements that were asked before", async () => {
  await insert(1);
  expect((await client.execute("select * from amounts")).columns).toEqual(["id", "amount"]);
  await client.execute("alter table amounts add column note text");
  expect((await client.execute("select * from amounts")).columns).toEqual(["id", "amount", "note"]);
});

test("no statement keeps what it has read: another connection can write, and is seen", async () => {
  await insert(1);
  const count = async () => (await client.execute("select count(*) as n from amounts")).rows[0]?.["n"];
  expect(await count()).toBe(1);
  const other = createClient({ url: `file:${folder}/test.db` });
  await other.execute("insert into amounts values (2, 1)");
  expect(await count()).toBe(2);
  // It could not write over what somebody still reads.
  expect((await other.execute("PRAGMA wal_checkpoint(TRUNCATE)")).rows[0]?.[0]).toBe(0);
  other.close();
});
