import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { RunId } from "@quarterdeck/core/ids";
import { hourMs } from "@quarterdeck/core/units";
import { describe, expect, it } from "vitest";
import type { CommandRecord } from "../src/journal/command-record.ts";
import { Journal } from "../src/journal/journal.ts";
import { RealBridge } from "./real-bridge.ts";

/** How the bridge ends when it cannot go on. */
const failedCode = 70;

/** Has a program that must run at most once append to a file. */
async function send(bridge: RealBridge) {
  const count = join(bridge.data.workspace(bridge.relay.platform.workspaceId).scratch, "count");
  const script = `require('node:fs').appendFileSync('${count}', 'x')`;
  const made = await bridge.relay.platform.makeCommand({
    action: "exec",
    params: { program: "node", args: ["-e", script] },
  });
  bridge.relay.sendSigned(made.text);
  return { ...made, runId: made.command.runId, starts: () => (existsSync(count) ? readFileSync(count, "utf8") : "") };
}

/** Ends the bridge so that its journal is one file, and does something to that file. */
async function withJournal(bridge: RealBridge, change: (path: string) => void): Promise<void> {
  await bridge.end("SIGTERM");
  change(bridge.data.journalFile);
}

function removeJournal(path: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
}

/** Starts the bridge as a service manager does: again when it ended with an error. @returns how often that was so far */
function supervise(bridge: RealBridge): () => number {
  let failures = 0;
  const begin = () => {
    bridge.begin();
    void bridge.ended().then((code) => {
      if (code !== failedCode) return;
      failures++;
      begin();
    });
  };
  begin();
  return () => failures;
}

async function untilNewSession(bridge: RealBridge, before: string | undefined): Promise<void> {
  await bridge.relay.changes.until(
    () => bridge.relay.isOnline && bridge.relay.hello?.sessionId !== before,
    "a new session",
  );
}

describe("a journal that was restored from an old copy", () => {
  it("is noticed at the welcome: the bridge ends, and begins a new session, and nothing runs twice [F8]", async () => {
    await using bridge = await RealBridge.start();
    const copy = join(bridge.data.path, "copy");
    await withJournal(bridge, (path) => copyFileSync(path, copy));
    bridge.begin();
    await bridge.relay.untilOnline();
    const run = await send(bridge);
    expect(await bridge.relay.untilFinished(run.runId)).toMatchObject({ verdict: "succeeded" });
    const before = bridge.relay.hello?.sessionId;
    await withJournal(bridge, (path) => {
      removeJournal(path);
      copyFileSync(copy, path);
    });
    const failures = supervise(bridge);
    await untilNewSession(bridge, before);
    expect(failures()).toBe(1);
    expect(bridge.log).toMatch(/older than what the relay knows/);
    expect(readdirSync(bridge.data.path).some((name) => name.startsWith("journal.db.damaged-"))).toBe(true);
    expect(run.starts()).toBe("x");
    expect(await bridge.relay.run({ action: "exec", params: { program: "echo", args: ["on"] } })).toMatchObject({
      verdict: "succeeded",
    });
  });

  it("with everything else, from a moment before a run had started, does not start it again [F8]", async () => {
    await using bridge = await RealBridge.start();
    const copy = join(bridge.data.path, "copy");
    await withJournal(bridge, (path) => copyFileSync(path, copy));
    bridge.begin();
    await bridge.relay.untilOnline();
    const run = await send(bridge);
    await bridge.relay.untilFinished(run.runId);
    await withJournal(bridge, (path) => {
      // As it was the moment after the command was received.
      removeJournal(path);
      rmSync(bridge.data.run(run.runId).path, { recursive: true });
      copyFileSync(copy, path);
      const nowMs = Date.now();
      const journal = Journal.open(path, nowMs);
      const record: CommandRecord = {
        commandId: run.command.commandId,
        runId: run.runId,
        text: run.text,
        effect: "once",
        state: "RECEIVED",
        bootId: null,
        reruns: 0,
        receivedAtMs: nowMs,
        forgetAtMs: nowMs + hourMs,
      };
      journal.transaction(() => {
        journal.save(record);
        journal.setReceivedCommands(1);
      });
      journal.close();
    });
    bridge.begin();
    expect(await bridge.ended()).toBe(failedCode);
    expect(run.starts()).toBe("x");
  });
});

describe("a run that was received and not started when its bridge was killed", () => {
  it("starts when the relay has confirmed the journal, and not before [F4]", async () => {
    await using bridge = await RealBridge.start();
    const run = await bridge.relay.platform.makeCommand({
      action: "exec",
      params: { program: "echo", args: ["late"] },
    });
    await withJournal(bridge, (path) => {
      const journal = Journal.open(path, 1);
      const { commandId, runId, effect, expiresAtMs } = run.command;
      const record: CommandRecord = {
        commandId,
        runId,
        effect,
        text: run.text,
        state: "RECEIVED",
        bootId: null,
        reruns: 0,
        receivedAtMs: 1,
        forgetAtMs: expiresAtMs + hourMs,
      };
      journal.transaction(() => journal.save(record));
      journal.close();
    });
    await bridge.relay.stop();
    bridge.begin();
    await bridge.relay.changes.until(() => bridge.log.includes('"message":"not connected"'), "a failed connection");
    expect(existsSync(bridge.data.run(run.command.runId).path)).toBe(false);
    await bridge.relay.listen();
    expect(await bridge.relay.untilFinished(run.command.runId)).toMatchObject({ verdict: "succeeded" });
  });
});

describe("a journal that is damaged", () => {
  const flip = (sql: string) => (path: string) => {
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
  };

  it.each([
    ["its file is cut short", (path: string) => truncateSync(path, 5000)],
    ["a counter is another", flip("UPDATE meta SET value = '7' WHERE name = 'lastResult'")],
    ["a result is another", flip("UPDATE results SET signed = replace(signed, 'succeeded', 'failed')")],
    ["a result is gone", flip("DELETE FROM results WHERE seq = (SELECT min(seq) FROM results)")],
  ])("when %s is not believed: a new session begins, and nothing runs twice [F8]", async (_, damage) => {
    await using bridge = await RealBridge.start();
    bridge.relay.holdsResults = true;
    const runs: RunId[] = [];
    let starts = () => "";
    for (let i = 0; i < 2; i++) {
      const run = await send(bridge);
      starts = run.starts;
      await bridge.relay.changes.until(() => existsSync(bridge.data.run(run.runId).result), "the result file");
      runs.push(run.runId);
    }
    await bridge.relay.changes.until(
      () => bridge.relay.frames.filter(({ type }) => type === "results").length >= 2,
      "the results",
    );
    const before = bridge.relay.hello?.sessionId;
    await withJournal(bridge, damage);
    bridge.relay.holdsResults = false;
    supervise(bridge);
    await untilNewSession(bridge, before);
    // This relay sends again what it has no result of: the result files tell.
    for (const runId of runs) expect(await bridge.relay.untilFinished(runId)).toMatchObject({ verdict: "succeeded" });
    expect(bridge.log).toMatch(/cannot be trusted/);
    expect(starts()).toBe("xx");
  });
});

describe("a journal that cannot be opened", () => {
  it("ends the bridge with the reason; the journal is left as it is [F8]", async () => {
    await using bridge = await RealBridge.start();
    await withJournal(bridge, (path) => {
      removeJournal(path);
      mkdirSync(path);
    });
    bridge.begin();
    expect(await bridge.ended()).toBe(failedCode);
    expect(bridge.log).toMatch(/quarterdeck-bridge: The journal .* could not be opened: .*left as it is/);
    expect(statSync(bridge.data.journalFile).isDirectory()).toBe(true);
  });
});
