import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type Client } from "@libsql/client";
import { sql } from "drizzle-orm";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openDatabase } from "./db/database.ts";
import { Writer } from "./writer.ts";

let folder: string;
let client: Client;
let writer: Writer;
let commits: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "quarterdeck-writer-"));
  ({ client } = await openDatabase(`file:${folder}/test.db`, null));
  await client.executeMultiple(
    "create table amounts (id integer primary key, amount integer not null check (amount >= 0)); create table notes (text text);",
  );
  commits = 0;
  writer = new Writer(client, { onCommit: () => commits++ });
});

afterEach(async () => {
  await writer.close();
  client.close();
  await rm(folder, { recursive: true, force: true });
});

const insert = (id: number, amount = 1) => sql`insert into amounts values (${id}, ${amount})`;

/** What another connection, as after a restart, finds. */
async function readAll(query: string): Promise<unknown[]> {
  const other = createClient({ url: `file:${folder}/test.db` });
  const { rows } = await other.execute(query);
  other.close();
  return rows.map((row) => row[0]);
}

test("one poisoned write among 63 good ones takes none of them along and rejects only its own", async () => {
  const ids = Array.from({ length: 64 }, (_, index) => index);
  const outcomes = await Promise.allSettled(ids.map((id) => writer.commit([insert(id, id === 20 ? -1 : 1)])));
  expect(outcomes.flatMap(({ status }, id) => (status === "rejected" ? [id] : []))).toEqual([20]);
  expect(await readAll("select id from amounts order by id")).toEqual(ids.filter((id) => id !== 20));
});

test("units that are queued together are committed together", async () => {
  await Promise.all(Array.from({ length: 64 }, (_, id) => writer.commit([insert(id)])));
  expect(commits).toBe(1);
});

test("units that become ready one after the other within a turn of the event loop are committed together", async () => {
  let ready = Promise.resolve();
  const written = Array.from({ length: 64 }, async (_, id) => {
    await (ready = ready.then(() => undefined));
    await writer.commit([insert(id)]);
  });
  await Promise.all(written);
  expect(commits).toBe(1);
});

test("a refused guarded unit changes nothing, and its neighbours are written", async () => {
  await writer.commit([insert(1, 5)]);
  const take = (amount: number) => [
    sql`update amounts set amount = amount - ${amount} where id = 1 and amount >= ${amount}`,
    sql`insert into notes select ${`took ${amount}`} where changes() > 0`,
  ];
  const outcomes = await Promise.all([writer.commit(take(3)), writer.commit(take(3)), writer.commit(take(2))]);
  expect(outcomes.map((statements) => statements.map(({ rowsChanged }) => rowsChanged))).toEqual([
    [1, 1],
    [0, 0],
    [1, 1],
  ]);
  expect(await readAll("select text from notes")).toEqual(["took 3", "took 2"]);
});

test("a unit of which a later statement fails leaves nothing of the earlier ones", async () => {
  await expect(writer.commit([insert(1), insert(2, -1)])).rejects.toThrow("CHECK");
  expect(await readAll("select id from amounts")).toEqual([]);
});

test("a write that met a locked database is acknowledged only when it is durable [F2]", async () => {
  const other = createClient({ url: `file:${folder}/test.db` });
  const holder = await other.transaction("write");
  const reconnect = vi.spyOn(client, "reconnect");
  const written = Promise.all([writer.commit([insert(1)]), writer.commit([insert(2)])]);
  await vi.waitFor(() => expect(reconnect).toHaveBeenCalled());
  await holder.rollback();
  other.close();
  await written;
  await writer.commit([insert(3)]);
  client.close();
  expect(await readAll("select id from amounts order by id")).toEqual([1, 2, 3]);
});

test("what can wait is committed with the next unit, before it, or alone when none comes", async () => {
  const order: number[] = [];
  const write = (id: number, written: Promise<unknown>) => written.then(() => order.push(id));
  const soon = write(1, writer.commitSoon([insert(1)]));
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(commits).toBe(0);
  await Promise.all([soon, write(2, writer.commit([insert(2)]))]);
  expect([order, commits]).toEqual([[1, 2], 1]);
  await writer.commitSoon([insert(3)]);
  expect(commits).toBe(2);
  expect(await readAll("select id from amounts order by id")).toEqual([1, 2, 3]);
});

test("the moment of what could wait and was written before it changes nothing", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const first = writer.commit([insert(1)]);
  await Promise.all([first, writer.commitSoon([insert(2)])]);
  vi.runAllTimers();
  vi.useRealTimers();
  await writer.commit([insert(3)]);
  expect(await readAll("select id from amounts order by id")).toEqual([1, 2, 3]);
});

test("close waits for what is queued and refuses what comes later", async () => {
  const written = [writer.commit([insert(1)]), writer.commitSoon([insert(2)])];
  await writer.close();
  await Promise.all(written);
  await writer.close();
  await expect(writer.commit([insert(3)])).rejects.toThrow("closed");
  await expect(writer.commitSoon([insert(3)])).rejects.toThrow("closed");
  expect(await readAll("select id from amounts")).toEqual([1, 2]);
});
