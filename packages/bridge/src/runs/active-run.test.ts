import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunId } from "@quarterdeck/core/ids";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newId } from "../../test/fake-platform.ts";
import { RunDirectory } from "../data-directory.ts";
import { ActiveRun } from "./active-run.ts";
import { cancelled, leaseOver, timedOut } from "./completions.ts";

let folder: string;
let directory: RunDirectory;
const runId = newId("run") as RunId;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qd-active-run-"));
  directory = new RunDirectory(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The run as a bridge knows it, or the one after it. */
function taken(own = join(folder, "own")): ActiveRun {
  const host = { cancel: () => writeFileSync(directory.cancel, "") };
  const { leaseOver: leaseOverFile } = new RunDirectory(own);
  return new ActiveRun({ runId, isDetached: false, leaseOverFile }, directory, host);
}

describe("a run that may not go on alone and was stopped before a crash of its bridge", () => {
  it("was stopped by the end of its lease, if that was so", () => {
    const run = taken();
    run.endLease();
    for (const one of [run, taken()]) {
      expect(one.isCancelled).toBe(true);
      expect(one.endedAs(cancelled)).toBe(leaseOver);
      expect(one.endedAs(timedOut)).toBe(timedOut);
    }
  });

  it("was cancelled, also where only the crash knows of its cancel: on a full disk no journal has it [F8]", () => {
    const run = taken();
    run.cancel();
    for (const one of [run, taken()]) {
      expect(one.isCancelled).toBe(true);
      expect(one.endedAs(cancelled)).toBe(cancelled);
    }
  });

  it("was cancelled when somebody did that before its lease was over", () => {
    const run = taken();
    run.cancel();
    run.endLease();
    expect(run.endedAs(cancelled)).toBe(cancelled);
  });

  it("is stopped also where it cannot be written down why, which is told", () => {
    writeFileSync(join(folder, "own"), "no directory");
    const run = taken();
    expect(() => run.endLease()).toThrow();
    expect(existsSync(directory.cancel)).toBe(true);
    expect(run.endedAs(cancelled)).toBe(leaseOver);
  });
});
