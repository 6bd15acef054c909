import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunId } from "@quarterdeck/core/ids";
import type { Command, CommandText } from "@quarterdeck/core/protocol/command";
import { dayMs, minuteMs } from "@quarterdeck/core/units";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newId } from "../../test/fake-platform.ts";
import type { Log } from "../log.ts";
import { RunMemory } from "./run-memory.ts";

const log: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const startMs = Date.UTC(2026, 10, 1);
let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qd-memory-"));
  path = join(folder, "runs.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

const text: CommandText = { signed: "{}", signature: "A".repeat(86), sealed: null };
function command(notBeforeMs: number) {
  return { runId: newId("run") as RunId, notBeforeMs, expiresAtMs: notBeforeMs + 15 * minuteMs } as Command;
}
function open(nowMs = startMs): RunMemory {
  return RunMemory.open(path, { nowMs, log });
}
const noFiles = () => false;

describe("the memory of runs", () => {
  beforeEach(() => RunMemory.make(path));

  it("outlives its process: what was launched and what was forgotten", () => {
    const one = command(startMs);
    const memory = open();
    memory.remember(one, text);
    memory.countLaunch(one.runId);
    memory.countLaunch(one.runId);
    memory.forget(one.runId);
    memory.close();
    expect(open().find(one.runId)).toEqual({ text, launches: 2, isForgotten: true });
    expect(open().find(newId("run") as RunId)).toBeUndefined();
  });

  it("lets go of a run only when the platform's own time allows, whatever the clock of the machine says [F7]", () => {
    const memory = open();
    const [old, kept, newer] = [command(startMs), command(startMs), command(startMs + 2 * dayMs)];
    memory.remember(old, text);
    memory.remember(kept, text);
    memory.prune(startMs + 3650 * dayMs, noFiles);
    expect(memory.find(old.runId)).toBeDefined();
    memory.remember(newer, text);
    memory.prune(startMs, noFiles); // A clock that is behind.
    expect(memory.find(old.runId)).toBeDefined();
    memory.prune(startMs + 2 * dayMs, (runId) => runId === kept.runId);
    expect([old, kept, newer].map(({ runId }) => memory.find(runId) !== undefined)).toEqual([false, true, true]);
    // What it let go of never comes back, not even when the clock is set to the time when it was valid.
    expect([old, newer].map((one) => memory.isTooOld(one))).toEqual([true, false]);
  });

  it("that is damaged is put aside, and what was signed before counts as seen [F8]", () => {
    writeFileSync(path, "no database");
    const memory = open();
    expect(memory.isTooOld(command(startMs))).toBe(true);
    expect(memory.isTooOld(command(startMs + 5 * minuteMs))).toBe(false);
    expect(readdirSync(folder).some((name) => name.includes("damaged"))).toBe(true);
  });
});

it("a memory that was made for a helper that never ran takes the first command at once", () => {
  RunMemory.make(path);
  expect(open().isTooOld(command(startMs))).toBe(false);
});
