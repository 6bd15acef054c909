import { randomBytes } from "node:crypto";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { effects } from "@quarterdeck/core/actions/catalogue";
import { makeId } from "@quarterdeck/core/ids";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createLog } from "../log.ts";
import { commandStates, recordChecksum, type CommandRecord } from "./command-record.ts";
import { GroupCommit } from "./group-commit.ts";
import { JournalDamaged, JournalNotOpened, JournalTooNew } from "./journal-file.ts";
import { Journal } from "./journal.ts";
import { openJournal } from "./open-journal.ts";
import { bridgeVersion } from "../version.ts";
import { journalSteps } from "./schema.ts";
import { recoverRun } from "./recovery.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qd-journal-"));
  path = join(folder, "journal.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const log = createLog({ write: () => undefined, isForPeople: false, nowMs: () => 0 });
const signed = { signed: '{"a":1}', signature: "s".repeat(86) };
const text = { ...signed, sealed: "sealed" };

function record(changes: Partial<CommandRecord> = {}): CommandRecord {
  return {
    commandId: makeId("command", 1, randomBytes(16)),
    runId: makeId("run", 1, randomBytes(16)),
    text,
    effect: "once",
    state: "RECEIVED",
    bootId: null,
    reruns: 0,
    receivedAtMs: 1,
    forgetAtMs: 1000,
    ...changes,
  };
}

describe("the journal", () => {
  it("keeps session, counters, commands and results over a restart", () => {
    const first = Journal.open(path, 1);
    const one = record();
    first.transaction(() => {
      first.save(one);
      first.setReceivedCommands(7);
      expect(first.addResult(one.commandId, signed, false)).toBe(1);
    });
    first.close();
    const second = Journal.open(path, 2);
    expect(second.sessionId).toBe(first.sessionId);
    expect(second.receivedCommands()).toBe(7);
    expect(second.find(one.commandId)).toEqual({ record: one, isDamaged: false });
    expect(second.unfinished().sound).toEqual([one]);
    expect(second.resultsAfter(0, 10)).toEqual([{ seq: 1, ...signed }]);
    expect(second.lastResult()).toBe(1);
    second.close();
  });

  it("forgets results that the relay has, and ids only after their time", () => {
    const journal = Journal.open(path, 1);
    const one = record({ state: "DONE" });
    journal.save(one);
    journal.addResult(one.commandId, text, true);
    journal.acknowledgeResults(1);
    expect(journal.resultsAfter(0, 10)).toEqual([]);
    expect(journal.find(one.commandId)?.record.state).toBe("ACKNOWLEDGED");
    journal.forget(2000); // By a clock that the platform has not vouched for.
    expect(journal.knowsRun(one.runId)).toBe(true);
    journal.notePlatformTime(5000);
    journal.notePlatformTime(4000);
    journal.forget(1000);
    expect(journal.knowsRun(one.runId)).toBe(true);
    journal.forget(1001);
    expect(journal.knowsRun(one.runId)).toBe(false);
    expect(journal.addResult(one.commandId, text, true)).toBe(2);
    journal.close();
  });

  it("counts a run as settled only when the relay has its result, also after its id was forgotten", () => {
    const journal = Journal.open(path, 1);
    const [settled, reported, goesOn] = [record({ state: "DONE" }), record({ state: "DONE" }), record()];
    const isSettled = () => [settled, reported, goesOn].map(({ runId }) => journal.isRunSettled(runId));
    for (const one of [settled, reported, goesOn]) journal.save(one);
    for (const { commandId, runId } of [settled, reported])
      journal.addResult(commandId, { ...text, signed: JSON.stringify({ runId }) }, true);
    expect(isSettled()).toEqual([false, false, false]);
    journal.acknowledgeResults(1);
    expect(isSettled()).toEqual([true, false, false]);
    journal.notePlatformTime(5000);
    journal.forget(5000);
    expect(journal.knowsRun(reported.runId)).toBe(false);
    expect(isSettled()).toEqual([true, false, false]);
    journal.acknowledgeResults(2);
    expect(isSettled()).toEqual([true, true, false]);
    journal.close();
  });

  it("never forgets a command without a result", () => {
    const journal = Journal.open(path, 1);
    for (const state of ["RECEIVED", "INTENT", "STARTED"] as const) journal.save(record({ state }));
    journal.forget(Number.MAX_SAFE_INTEGER);
    expect(journal.unfinished().sound).toHaveLength(3);
    journal.close();
  });

  it("undoes everything of a transaction that fails", () => {
    const journal = Journal.open(path, 1);
    expect(() =>
      journal.transaction(() => {
        journal.save(record());
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(journal.unfinished().sound).toEqual([]);
    journal.close();
  });

  it("sets a row with a flipped value apart, whatever the value says now [F8]", () => {
    const journal = Journal.open(path, 1);
    const one = record();
    journal.save(one);
    journal.close();
    for (const change of ["state = 'DONE'", "effect = 'idempotent'", "signed = '{\"a\":2}'", "reruns = 1"]) {
      const database = new DatabaseSync(path);
      const before = database.prepare("SELECT * FROM commands").get()!;
      database.exec(`UPDATE commands SET ${change}`);
      database.close();
      const opened = Journal.open(path, 1);
      expect(opened.unfinished()).toMatchObject({ sound: [], damaged: [{ commandId: one.commandId }] });
      opened.close();
      const repair = new DatabaseSync(path);
      repair
        .prepare("UPDATE commands SET state = ?, effect = ?, signed = ?, reruns = ?")
        .run(before["state"]!, before["effect"]!, before["signed"]!, before["reruns"]!);
      repair.close();
    }
  });

  it.each([
    "UPDATE meta SET value = '6' WHERE name = 'receivedCommands'",
    "UPDATE results SET is_final = 1",
    "UPDATE results SET command_id = 'cmd_x'",
    "UPDATE tombstones SET forget_at_ms = 1",
    "DELETE FROM results WHERE seq = 2",
    "DROP INDEX commands_by_run",
    "ALTER TABLE commands RENAME COLUMN received_at_ms TO received_at_m",
  ])("is not believed after: %s [F8]", (change) => {
    const journal = Journal.open(path, 1);
    const one = record();
    journal.setReceivedCommands(7);
    for (const _ of [1, 2]) journal.addResult(one.commandId, text, false);
    journal.buryRun(one.runId, 1000);
    journal.close();
    Journal.open(path, 1).close();
    const database = new DatabaseSync(path);
    database.exec(change);
    database.close();
    expect(() => Journal.open(path, 1)).toThrow(JournalDamaged);
  });

  it("that is cut short, overwritten or no journal at all is put aside, and a new session begins [F8]", () => {
    for (const damage of [
      () => truncateSync(path, 5000),
      () => writeFileSync(path, "this is not a database, it is something else entirely"),
      () => {
        const descriptor = openSync(path, "r+");
        for (let at = 100; at < statSync(path).size; at += 512) writeSync(descriptor, randomBytes(64), 0, 64, at);
        closeSync(descriptor);
      },
    ]) {
      const before = Journal.open(path, 1);
      before.save(record());
      before.close();
      damage();
      const after = openJournal(path, { nowMs: Date.now(), log, onFull: () => false });
      expect(after.sessionId).not.toBe(before.sessionId);
      expect(after.receivedCommands()).toBe(0);
      after.close();
      expect(readdirSync(folder).some((name) => name.includes("damaged"))).toBe(true);
      for (const name of readdirSync(folder)) rmSync(join(folder, name));
    }
  });

  it("with any single bit flipped is read whole, set apart or put aside; never believed [F8]", () => {
    const journal = Journal.open(path, 1);
    const one = record({ state: "STARTED" });
    const { runId: buried } = record();
    const { sessionId } = journal;
    journal.save(one);
    journal.setReceivedCommands(7);
    journal.addResult(one.commandId, text, false);
    journal.buryRun(buried, 1000);
    journal.close();
    const sound = readFileSync(path);
    fc.assert(
      fc.property(fc.nat(sound.length * 8 - 1), (bit) => {
        for (const name of readdirSync(folder)) rmSync(join(folder, name));
        const bytes = Buffer.from(sound);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        writeFileSync(path, bytes);
        const opened = openJournal(path, { nowMs: 5, log, onFull: () => false });
        try {
          for (const found of opened.unfinished().sound) expect(found).toEqual(one);
          if (opened.sessionId === sessionId) {
            expect(opened.receivedCommands()).toBe(7);
            expect(opened.resultsAfter(0, 10)).toEqual([{ seq: 1, ...signed }]);
            expect(opened.isBuried(buried)).toBe(true);
          }
        } finally {
          opened.close();
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("a journal of another version", () => {
  const newer = [...journalSteps, "ALTER TABLE tombstones ADD COLUMN reason TEXT"];
  const setAside = () => readdirSync(folder).filter((name) => name.includes("damaged"));
  const open = (steps = journalSteps) => openJournal(path, { nowMs: 5, log, onFull: () => false, steps });

  it("that is newer is left as it is, and says which bridge reads it", () => {
    Journal.open(path, 1, newer).close();
    const before = readFileSync(path);
    expect(() => open()).toThrow(JournalTooNew);
    expect(() => open()).toThrow(`Install version ${bridgeVersion} or a newer one`);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(setAside()).toEqual([]);
  });

  it("is not taken for newer because bits of its number flipped [F8]", () => {
    const versionOffset = 60; // The header's user version.
    for (let bit = 0; bit < 32; bit++) {
      const sound = open();
      sound.close();
      const bytes = readFileSync(path);
      bytes[versionOffset + (bit >> 3)]! ^= 1 << (bit & 7);
      for (const name of readdirSync(folder)) rmSync(join(folder, name));
      writeFileSync(path, bytes);
      const opened = open();
      expect(opened.sessionId).not.toBe(sound.sessionId);
      expect(setAside()).toHaveLength(1);
      opened.close();
      for (const name of readdirSync(folder)) rmSync(join(folder, name));
    }
  });

  it("that is older is read and written as it is until it is to be migrated, all at once", () => {
    const before = open();
    const one = record();
    before.save(one);
    before.close();

    const opened = open(newer);
    expect(opened).toMatchObject({ sessionId: before.sessionId, isOlder: true });
    opened.setReceivedCommands(7);
    opened.close();
    open().close(); // The bridge before can still read it.

    const again = open(newer);
    expect(() =>
      again.transaction(() => {
        again.migrate();
        throw new Error("cut off");
      }),
    ).toThrow("cut off");
    expect(again.isOlder).toBe(true);
    again.transaction(() => again.migrate());
    expect(again.isOlder).toBe(false);
    again.close();

    const migrated = open(newer);
    expect(migrated).toMatchObject({ sessionId: before.sessionId, isOlder: false });
    expect(migrated.receivedCommands()).toBe(7);
    expect(migrated.unfinished().sound).toEqual([one]);
    migrated.close();
    expect(() => open()).toThrow(JournalTooNew);
    expect(setAside()).toEqual([]);
  });
});

describe("a journal that cannot be opened for a reason that is not its own", () => {
  it.each([
    ["SQLite refuses a statement", () => ["this is no SQL"]],
    [
      "another process has locked it",
      () => {
        const other = new DatabaseSync(path);
        other.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE other (id TEXT)");
        return journalSteps;
      },
    ],
  ])("because %s is left as it is, and the reason is said [F8]", (_, cause) => {
    Journal.open(path, 1).close();
    const before = readFileSync(path);
    const steps = cause();
    expect(() => openJournal(path, { nowMs: 5, log, onFull: () => false, steps })).toThrow(JournalNotOpened);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(folder).filter((name) => name.includes("damaged"))).toEqual([]);
  });
});

describe("group commit", () => {
  it("commits together what arrives together, and resolves when it is durable", async () => {
    const journal = Journal.open(path, 1);
    const transaction = vi.spyOn(journal, "transaction");
    const onFailure = (error: unknown) => {
      throw error;
    };
    const commits = new GroupCommit({ journal, onFailure, onFull: () => false });
    await Promise.all(Array.from({ length: 50 }, () => commits.commit(() => journal.save(record()))));
    expect(transaction).toHaveBeenCalledTimes(1);
    expect(journal.unfinished().sound).toHaveLength(50);
    journal.close();
  });

  it("acknowledges nothing when the disk fails, and says so once [F8]", async () => {
    const journal = Journal.open(path, 1);
    const failures: unknown[] = [];
    const commits = new GroupCommit({
      journal,
      onFailure: (error) => failures.push(error),
      onFull: () => false,
    });
    let isAcknowledged = false;
    void commits
      .commit(() => {
        throw new Error("disk I/O error");
      })
      .then(() => (isAcknowledged = true));
    commits.flush();
    void commits.commit(() => journal.save(record())).then(() => (isAcknowledged = true));
    commits.flush();
    await Promise.resolve();
    expect(isAcknowledged).toBe(false);
    expect(failures).toHaveLength(1);
    journal.close();
  });
});

describe("group commit on a full disk", () => {
  const full = Object.assign(new Error("database or disk is full"), { errcode: 13 });

  /** A journal whose disk refuses so many transactions. */
  function fullJournal(refusals: number) {
    let left = refusals;
    return {
      transaction: <T>(work: () => T): T => {
        const value = work();
        if (left-- > 0) throw full;
        return value;
      },
    };
  }

  it("uses the room that was held back, and reports nothing before it is durable [F8]", async () => {
    const onFull = vi.fn<() => boolean>(() => true);
    const commits = new GroupCommit({
      journal: fullJournal(1),
      onFailure: () => expect.unreachable("no failure"),
      onFull,
    });
    const work = vi.fn<() => void>();
    await commits.commit(work);
    expect(onFull).toHaveBeenCalledTimes(1);
    expect(work).toHaveBeenCalledTimes(2);
  });

  it("waits in order until there is room, and loses nothing [F8]", async () => {
    vi.useFakeTimers();
    try {
      const onFailure = vi.fn<(error: unknown) => void>();
      const commits = new GroupCommit({ journal: fullJournal(20), onFailure, onFull: () => false });
      const done: number[] = [];
      for (const n of [1, 2, 3]) void commits.commit(() => undefined).then(() => done.push(n));
      await vi.advanceTimersByTimeAsync(5000);
      void commits.commit(() => undefined).then(() => done.push(4));
      expect(done).toEqual([]);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(done).toEqual([1, 2, 3, 4]);
      expect(onFailure).not.toHaveBeenCalled();
    } finally {
      vi.useRealTimers();
    }
  });

  it("ends the process for every other error of the disk, also while it waits [F8]", async () => {
    const onFailure = vi.fn<(error: unknown) => void>();
    const failing = {
      transaction: () => {
        throw Object.assign(new Error("disk I/O error"), { errcode: 1034 });
      },
    };
    const commits = new GroupCommit({ journal: failing, onFailure, onFull: () => false });
    let isDone = false;
    void commits.commit(() => undefined).then(() => (isDone = true));
    commits.flush();
    await Promise.resolve();
    expect(onFailure).toHaveBeenCalledTimes(1);
    expect(isDone).toBe(false);
  });
});

describe("recovery", () => {
  it("never starts again what may have started, unless that is harmless [F4]", () => {
    expect.hasAssertions();
    const evidence = fc.record({
      hasResult: fc.boolean(),
      hasStartMarker: fc.boolean(),
      isWrapperAlive: fc.boolean(),
      effect: fc.constantFrom(...effects),
    });
    fc.assert(
      fc.property(evidence, (found) => {
        const recovery = recoverRun(found);
        if (recovery === "start") expect(found.hasStartMarker || found.hasResult).toBe(false);
        if (recovery === "rerun")
          expect(found).toMatchObject({ effect: "idempotent", isWrapperAlive: false, hasResult: false });
        if (found.hasResult) expect(recovery).toBe("finish");
      }),
    );
  });
});

describe("a checksum", () => {
  it("differs when any field does [F8]", () => {
    const one = record();
    const others = commandStates.slice(1).map((state) => ({ ...one, state }));
    const sums = [
      one,
      ...others,
      { ...one, reruns: 1 },
      { ...one, bootId: "b" },
      { ...one, effect: "idempotent" as const },
    ].map(recordChecksum);
    expect(new Set(sums).size).toBe(sums.length);
  });
});
