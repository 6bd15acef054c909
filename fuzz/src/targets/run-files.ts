import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunDirectory } from "../../../packages/bridge/src/data-directory.ts";
import { readEvidence } from "../../../packages/bridge/src/runs/run-files.ts";
import { recoverRun } from "../../../packages/bridge/src/journal/recovery.ts";
import { mustHold, type FuzzTarget } from "../fuzz-target.ts";

const folder = mkdtempSync(join(tmpdir(), "quarterdeck-fuzz-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const run = new RunDirectory(folder);

/** The marker and the result that a wrapper left: whatever they hold, a run that had a marker is not started again. */
export const runFiles: FuzzTarget = {
  name: "run-files",
  grammar: "json",
  check(text) {
    writeFileSync(run.started, text);
    rmSync(run.result, { force: true });
    const started = recoverRun({ ...readEvidence(run, "boot"), effect: "once" });
    mustHold(started === "indeterminate", `a run with a marker and no result would be ${started}`);
    writeFileSync(run.result, text);
    const ended = recoverRun({ ...readEvidence(run, "boot"), effect: "once" });
    mustHold(ended === "finish" || ended === "indeterminate", `a run with a result would be ${ended}`);
  },
};
