import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunId } from "@quarterdeck/core/ids";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newId } from "../../test/fake-platform.ts";
import { refused, type WorkspaceCommand } from "../actions/action-context.ts";
import { RunDirectory } from "../data-directory.ts";
import type { ExecutionHost, HostCommand } from "../host/execution-host.ts";
import type { CommandRecord } from "../journal/command-record.ts";
import { ActiveRun } from "./active-run.ts";
import { ProgramRunner } from "./program-run.ts";
import type { Ending } from "./run-closer.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "qd-program-run-"))));
afterEach(() => rmSync(folder, { recursive: true }));

/** Takes a run to its end whose workspace is frozen. @param hasStarted it was cut off before */
async function endingInFrozen(hasStarted: boolean) {
  const runId = newId("run") as RunId;
  const endings: Ending["completion"][] = [];
  let hasStartMarker = hasStarted;
  const host = {
    look: async () => ({ hasResult: false, hasStartMarker, isWrapperAlive: false }),
    clear: async () => {
      hasStartMarker = false;
      return null;
    },
    prepare: async () => ({ kind: "ended", completion: refused({ code: "NOT_READY", message: "It is frozen." }) }),
    kill: async () => undefined,
    cancel: () => undefined,
  } as unknown as ExecutionHost;
  const runner = new ProgramRunner({
    host,
    dataPath: folder,
    ledger: { clock: { nowMs: () => 1 } },
    closer: { close: async (_record: unknown, _ids: unknown, { completion }: Ending) => endings.push(completion) },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  } as unknown as ConstructorParameters<typeof ProgramRunner>[0]);
  const record = { runId, effect: "idempotent", state: "STARTED", reruns: 0 } as CommandRecord;
  const command = { runId, effect: "idempotent", workspaceId: newId("workspace"), projectId: null } as WorkspaceCommand;
  const directory = new RunDirectory(join(folder, runId));
  const run = new ActiveRun({ runId, isDetached: true, leaseOverFile: directory.leaseOver }, directory, host);
  const work: HostCommand = { command, text: { signed: "", signature: "", sealed: null }, secretInput: {} };
  await runner.run(record, work, { run, isRecovered: true, refusal: null });
  return endings;
}

describe("a run that may not be started", () => {
  it("is refused when it never started", async () => {
    expect(await endingInFrozen(false)).toMatchObject([{ verdict: "refused", code: "NOT_READY" }]);
  });

  it("is not said to have been refused when it had been started and was cut off [F4]", async () => {
    expect(await endingInFrozen(true)).toMatchObject([
      { verdict: "indeterminate", code: "CUT_OFF", message: expect.stringMatching(/started and then cut off.*frozen/) },
    ]);
  });
});
