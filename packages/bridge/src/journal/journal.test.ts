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
import { makeId } from "@quarterdeck/core/ids";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createLog } from "../log.ts";
import { commandStates, recordChecksum, type CommandRecord } from "./command-record.ts";
import { GroupCommit } from "./group-commit.ts";
import { Journal } from "./journal.ts";
import { openJournal } from "./open-journal.ts";
import { recoverRun } from "./recovery.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qd-journal-"));
  path = join(folder, "journal.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const log = createLog({ write: () => undefined, isForPeople: false, nowMs: () => 0 });
const text = { signed: '{"a":1}', signature: "s".repeat(86) };

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
      expect(first.addResult(one.commandId, text, false)).toBe(1);
    });
    first.close();
    const second = Journal.open(path, 2);
    expect(second.sessionId).toBe(first.sessionId);
    expect(second.receivedCommands()).toBe(7);
    expect(second.find(one.commandId)).toEqual({ record: one, isDamaged: false });
    expect(second.unfinished().sound).toEqual([one]);
    expect(second.resultsAfter(0, 10)).toEqual([{ seq: 1, ...text }]);
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
    journal.forget(1000);
    expect(journal.knowsRun(one.runId)).toBe(true);
    journal.forget(1001);
    expect(journal.knowsRun(one.runId)).toBe(false);
    expect(journal.addResult(one.commandId, text, true)).toBe(2);
    journal.close();
  });

  it("gives the kept results new numbers behind those that the relay has, in their order [F8]", () => {
    const journal = Journal.open(path, 1);
    const one = record();
    for (let seq = 1; seq <= 4; seq++) journal.addResult(one.commandId, { ...text, signed: `{"n":${seq}}` }, false);
    journal.acknowledgeResults(1);
    journal.transaction(() => journal.renumberResults(9));
    expect(journal.resultsAfter(0, 10).map(({ seq, signed }) => [seq, signed])).toEqual([
      [10, '{"n":2}'],
      [11, '{"n":3}'],
      [12, '{"n":4}'],
    ]);
    expect(journal.lastResult()).toBe(12);
    expect(journal.addResult(one.commandId, text, false)).toBe(13);
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
      const after = openJournal(path, Date.now(), log);
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
    journal.save(one);
    journal.close();
    const sound = readFileSync(path);
    fc.assert(
      fc.property(fc.nat(sound.length * 8 - 1), (bit) => {
        for (const name of readdirSync(folder)) rmSync(join(folder, name));
        const bytes = Buffer.from(sound);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        writeFileSync(path, bytes);
        const opened = openJournal(path, 5, log);
        try {
          for (const found of opened.unfinished().sound) expect(found).toEqual(one);
        } finally {
          opened.close();
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("group commit", () => {
  it("commits together what arrives together, and resolves when it is durable", async () => {
    const journal = Journal.open(path, 1);
    const transaction = vi.spyOn(journal, "transaction");
    const commits = new GroupCommit(journal, (error) => {
      throw error;
    });
    await Promise.all(Array.from({ length: 50 }, () => commits.commit(() => journal.save(record()))));
    expect(transaction).toHaveBeenCalledTimes(1);
    expect(journal.unfinished().sound).toHaveLength(50);
    journal.close();
  });

  it("acknowledges nothing when the disk fails, and says so once [F8]", async () => {
    const journal = Journal.open(path, 1);
    const failures: unknown[] = [];
    const commits = new GroupCommit(journal, (error) => failures.push(error));
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

describe("recovery", () => {
  it("never starts again what may have started, unless that is harmless [F4]", () => {
    expect.hasAssertions();
    const evidence = fc.record({
      hasResult: fc.boolean(),
      hasStartMarker: fc.boolean(),
      isWrapperAlive: fc.boolean(),
      effect: fc.constantFrom("idempotent" as const, "checkable" as const, "once" as const),
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
