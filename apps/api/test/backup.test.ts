import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packArchive, unpackArchive } from "../src/backup/archive-file.ts";
import { relayFolder } from "../src/backup/collect-state.ts";
import { sha256OfFile } from "../src/backup/manifest.ts";
import { ApiProcess } from "./api-process.ts";
import { FakeBridge } from "./fake-bridge.ts";
import { handOutCredentials } from "./live-credentials.ts";
import { LibsqlServer } from "./libsql-server.ts";
import { newId, owner, tokenIn } from "./test-api.ts";

// `quarterdeck backup` and `quarterdeck restore`, as an operator calls them, on a platform that runs.

const passphrase = "a boat full of pears";
const object = `${"ab".repeat(32)}.sqlite`;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "quarterdeck-backup-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function run(name: "backup" | "restore", ...args: string[]): Promise<{ code: number; text: string }> {
  const script = join(import.meta.dirname, `../src/backup/${name}-command.ts`);
  const env = { PATH: process.env["PATH"], QUARTERDECK_BACKUP_PASSPHRASE: passphrase };
  return promisify(execFile)(process.execPath, [script, ...args], { env }).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    (error: { code: number; stderr: string }) => ({ code: error.code, text: error.stderr }),
  );
}

/** What stands in for an object of the relay's: two numbers that one transaction always moves together. */
class RelayObject implements Disposable {
  readonly #file: DatabaseSync;

  constructor(path: string) {
    this.#file = new DatabaseSync(path);
    this.#file.exec(
      "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS pair (id INTEGER PRIMARY KEY, value INTEGER); INSERT OR IGNORE INTO pair VALUES (1, 0), (2, 0)",
    );
  }

  move(): void {
    this.#file.exec(
      "BEGIN; UPDATE pair SET value = value + 1 WHERE id = 1; UPDATE pair SET value = value - 1 WHERE id = 2; COMMIT",
    );
  }

  get values(): number[] {
    return this.#file
      .prepare("SELECT value FROM pair ORDER BY id")
      .all()
      .map(({ value }) => Number(value));
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** Submits tasks and moves the object's numbers until it is told to stop; remembers what was acknowledged. */
async function startLoad(api: ApiProcess, relayObject: RelayObject) {
  const { command } = await api.client.api.servers.createEnrolment.mutate({});
  const { serverId } = await (await FakeBridge.create()).enrol(api.url, tokenIn(command));
  const { workspaceId } = await api.client.api.workspaces.create.mutate({ name: "Shop", serverId });
  const acknowledged: string[] = [];
  const stopping = new AbortController();
  const submitOne = async () => {
    const params = { program: "echo", args: ["x"] };
    const submission = { taskId: newId("task"), workspaceId, projectId: null, action: "exec", params };
    const { taskId } = await api.client.api.tasks.submit.mutate(submission);
    acknowledged.push(taskId);
    relayObject.move();
  };
  const loop = (async () => {
    while (!stopping.signal.aborted) await Promise.all([submitOne(), submitOne(), submitOne()]);
  })();
  await expect.poll(() => acknowledged.length, { interval: 10, timeout: 20_000 }).toBeGreaterThan(20);
  const stop = async () => {
    stopping.abort();
    await loop;
  };
  return { acknowledged, stop };
}

function readAll(path: string, query: string): unknown[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database.prepare(query).all();
  } finally {
    database.close();
  }
}

test("a backup under load is of one moment, and a platform that starts from it goes on [E2][F8]", async () => {
  const archive = join(folder, "one.qdbackup");
  await using api = await ApiProcess.start();
  await mkdir(join(api.dataDir, relayFolder), { recursive: true });
  using relayObject = new RelayObject(join(api.dataDir, relayFolder, object));
  const credentials = await handOutCredentials(api);
  const load = await startLoad(api, relayObject);
  const before = new Set(load.acknowledged);
  expect(await run("backup", archive, "--data", api.dataDir)).toMatchObject({
    code: 0,
    text: expect.stringContaining("keys sealed"),
  });
  await load.stop();
  expect(load.acknowledged.length).toBeGreaterThan(before.size); // It was written to meanwhile.
  expect(readdirSync(folder)).toEqual(["one.qdbackup"]);

  const rehearsal = await run("restore", archive, "--rehearse", "--scratch", folder);
  expect(rehearsal).toEqual({
    code: 0,
    text: expect.stringMatching(/\d+ chains of \d+ entries hold[\s\S]*can be restored/),
  });
  expect(readdirSync(folder)).toEqual(["one.qdbackup"]);

  const restored = join(folder, "restored");
  expect(await run("restore", archive, "--data", restored)).toMatchObject({ code: 0 });
  const database = join(restored, "quarterdeck.db");
  const tasks = readAll(database, `select "taskId" as id from tasks`) as { id: string }[];
  const kept = new Set(tasks.map(({ id }) => id));
  for (const taskId of before) expect(kept).toContain(taskId);
  const whole = `select count(*) as n from tasks join runs using ("orgId", "taskId")
    where exists (select 1 from audit_entries where subject = "taskId" and action = 'task.submit')`;
  expect(readAll(database, whole)).toEqual([{ n: kept.size }]);
  using restoredObject = new RelayObject(join(restored, relayFolder, object));
  const [up = 0, down = 0] = restoredObject.values;
  expect(up).toBeGreaterThan(0);
  expect(up + down).toBe(0);

  // Sessions and whatever else let in before are over, accounts and keys are as they were, and the chain goes on with the restoration in it.
  await using next = await ApiProcess.on({ dataDir: restored });
  const wasSignedIn = api.client.sessionToken();
  const withOldSession = await fetch(`${next.url}/trpc/orgs.current`, {
    headers: { authorization: `Bearer ${wasSignedIn}` },
  });
  expect(withOldSession.status).toBe(401);
  for (const [kind, use] of Object.entries(credentials)) {
    expect([kind, await use(next)]).toEqual([
      kind,
      expect.stringMatching(/TOKEN_(INVALID|EXPIRED)|not valid|taken back/),
    ]);
  }
  await next.client.api.auth.signIn.mutate(owner);
  expect((await next.client.api.tasks.list.query({ limit: 1 })).tasks).toHaveLength(1);
  expect(await next.client.api.operator.keys.query()).toEqual(await api.client.api.operator.keys.query());
  const entry = `select detail, seq from audit_entries where action = 'platform.restore'`;
  await expect
    .poll(() => readAll(database, entry), { interval: 20, timeout: 20_000 })
    .toEqual([{ detail: expect.stringMatching(/^the state of 20/), seq: expect.any(Number) }]);
}, 120_000);

test("a database on a libSQL server is read from it as of one moment, and restored as a file", async () => {
  const archive = join(folder, "one.qdbackup");
  await using server = await LibsqlServer.start();
  await using api = await ApiProcess.start({ QUARTERDECK_DATABASE_URL: server.url });
  expect(await run("backup", archive, "--data", api.dataDir)).toMatchObject({ code: 0 });
  expect(await run("restore", archive, "--rehearse", "--scratch", folder)).toMatchObject({ code: 0 });
  const restored = join(folder, "restored");
  expect(await run("restore", archive, "--data", restored)).toMatchObject({
    code: 0,
    text: expect.stringContaining("Its database was on a server"),
  });
  const schemaOf = (path: string) => readAll(path, "select type, name, sql from sqlite_master order by type, name");
  expect(schemaOf(join(restored, "quarterdeck.db"))).toEqual(schemaOf(server.path));
  const rowsOf = (path: string) => readAll(path, `select * from users join members using ("userId")`);
  expect(rowsOf(join(restored, "quarterdeck.db"))).toEqual(rowsOf(server.path));
  await using next = await ApiProcess.on({ dataDir: restored });
  await next.client.api.auth.signIn.mutate(owner);
}, 60_000);

test("restoring overwrites nothing, needs the keys, and says what is wrong", async () => {
  const archive = join(folder, "one.qdbackup");
  await using api = await ApiProcess.start();
  const data = ["--data", api.dataDir];
  expect(await run("backup", archive, ...data, "--without-keys")).toMatchObject({
    code: 0,
    text: expect.stringContaining("WITHOUT KEYS"),
  });
  expect((await run("backup", archive, ...data)).text).toContain("is there already");
  expect(await run("restore", archive, ...data)).toMatchObject({ code: 2, text: expect.stringContaining("not empty") });
  const empty = ["--data", join(folder, "empty")];
  expect(await run("restore", archive, ...empty)).toMatchObject({
    code: 2,
    text: expect.stringMatching(/without keys.*--keys DIRECTORY/),
  });
  expect(existsSync(join(folder, "empty"))).toBe(false);
  expect(await run("restore", archive, ...empty, "--keys", join(api.dataDir, "keys"))).toMatchObject({ code: 0 });
  const read = (at: string) => readFileSync(join(at, "keys", "platform.json"), "utf8");
  expect(read(join(folder, "empty"))).toBe(read(api.dataDir));

  const sealed = join(folder, "sealed.qdbackup");
  await run("backup", sealed, ...data);
  writeFileSync(join(folder, "wrong"), "another boat of plums\n");
  const other = ["--data", join(folder, "other")];
  expect(await run("restore", sealed, ...other, "--passphrase-file", join(folder, "wrong"))).toMatchObject({
    code: 2,
    text: expect.stringContaining("the passphrase is another one"),
  });
  const bytes = readFileSync(sealed);
  const { serviceKey } = JSON.parse(readFileSync(join(api.dataDir, "keys", "service.json"), "utf8")) as {
    serviceKey: string;
  };
  expect(bytes.includes(serviceKey)).toBe(false);
  expect((await run("backup", join(folder, "none"), "--data", join(folder, "nothing"))).text).toContain(
    "There is no database",
  );
  expect(readdirSync(folder).sort()).toEqual(["empty", "one.qdbackup", "sealed.qdbackup", "wrong"]);
}, 60_000);

test("a flipped bit anywhere is found, and so is a change by somebody who mends the checksums [E2]", async () => {
  const archive = join(folder, "one.qdbackup");
  await using api = await ApiProcess.start();
  expect(await run("backup", archive, "--data", api.dataDir)).toMatchObject({ code: 0 });
  const whole = readFileSync(archive);
  const unpack = async (path: string, into: string) => {
    await mkdir(into);
    return unpackArchive(path, into);
  };
  const original = await unpack(archive, join(folder, "original"));
  const flipped = join(folder, "flipped.qdbackup");
  // Only the header of the compression has bits that mean nothing: then what is unpacked is what it was.
  const unpacksToTheSame = async (at: number, bit: number) => {
    const bytes = Buffer.from(whole);
    bytes[at]! ^= 1 << bit;
    writeFileSync(flipped, bytes);
    const into = await mkdtemp(join(folder, "flip-"));
    const outcome = await unpackArchive(flipped, into).then(
      (manifest) => JSON.stringify(manifest) === JSON.stringify(original),
      (error: unknown) => error instanceof Error && /damaged/.test(error.message),
    );
    await rm(into, { recursive: true });
    return outcome;
  };
  const places = fc.tuple(fc.nat(whole.length - 1), fc.nat(7));
  await fc.assert(
    fc.asyncProperty(places, ([at, bit]) => unpacksToTheSame(at, bit)),
    { numRuns: 12 },
  );
  const middle = Buffer.from(whole);
  middle[Math.floor(whole.length / 2)]! ^= 1;
  writeFileSync(flipped, middle);
  expect(await run("restore", flipped, "--rehearse", "--scratch", folder)).toMatchObject({
    code: 2,
    text: expect.stringContaining("damaged"),
  });

  // Somebody makes himself an operator in the backup, and mends every checksum.
  const forged = join(folder, "forged");
  await cp(join(folder, "original"), forged, { recursive: true });
  const database = join(forged, "quarterdeck.db");
  const file = new DatabaseSync(database);
  file.exec(`update users set email = 'mallory@example.com'`);
  file.close();
  const files = await Promise.all(
    original.files.map(async (entry) => ({
      ...entry,
      bytes: readFileSync(join(forged, entry.name)).length,
      sha256: await sha256OfFile(join(forged, entry.name)),
    })),
  );
  const forgery = join(folder, "forged.qdbackup");
  await packArchive(forged, { ...original, files }, forgery);
  expect(await run("restore", forgery, "--rehearse", "--scratch", folder)).toMatchObject({
    code: 2,
    text: expect.stringContaining("somebody changed the backup"),
  });
}, 60_000);

test("a rehearsal finds an audit that was changed before the backup was made [E2]", async () => {
  const archive = join(folder, "one.qdbackup");
  await using api = await ApiProcess.start();
  const database = join(api.dataDir, "quarterdeck.db");
  const waiting = () => readAll(database, `select count(*) as n from audit_entries where seq is null`);
  await expect.poll(waiting, { interval: 20, timeout: 20_000 }).toEqual([{ n: 0 }]);
  await api.kill();
  const file = new DatabaseSync(database);
  file.exec(`update audit_entries set detail = 'nothing happened' where action = 'org.claim'`);
  file.close();
  await rm(join(api.dataDir, "internal-address"), { force: true });
  expect(await run("backup", archive, "--data", api.dataDir)).toMatchObject({ code: 0 });
  expect(await run("restore", archive, "--rehearse", "--scratch", folder)).toMatchObject({
    code: 2,
    text: expect.stringMatching(/The audit of org_\w+ does not hold/),
  });
}, 60_000);
