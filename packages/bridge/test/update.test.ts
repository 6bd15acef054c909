import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { RunId } from "@quarterdeck/core/ids";
import { describe, expect, it } from "vitest";
import { journalTooNewExitCode } from "../src/update/exit-policy.ts";
import { processStartTicks, signalProcess } from "../src/wrapper/processes.ts";
import { LaunchedBridge } from "./launched-bridge.ts";
import { offer, packageOf, realPackage } from "./test-package.ts";

const installed = realPackage().manifest.version;
const next = "9.0.0";

/** A program that counts its starts and ends when a file appears. */
async function startWaiting(bridge: LaunchedBridge): Promise<{ runId: RunId; go: string; count: string }> {
  const scratch = bridge.data.workspace(bridge.relay.platform.workspaceId).scratch;
  const [go, count] = [join(scratch, "go"), join(scratch, "count")];
  const script = `const fs = require('node:fs'); fs.appendFileSync('${count}', 'x');
    setInterval(() => { if (fs.existsSync('${go}')) { console.log('ended'); process.exit(3); } }, 5)`;
  const runId = await bridge.relay.send({ action: "exec", params: { program: "node", args: ["-e", script] } });
  await bridge.relay.untilStarted(runId);
  return { runId, go, count };
}

const update = (bridge: LaunchedBridge, params: Record<string, unknown>) =>
  bridge.relay.send({ action: "bridge.update", params, overrides: { workspaceId: null } });

describe("an update", () => {
  it("puts the new version in place while a run goes on, whose result arrives", async () => {
    await using bridge = await LaunchedBridge.start();
    const run = await startWaiting(bridge);
    const updating = await update(bridge, await offer(bridge.relay, packageOf(next)));
    expect(await bridge.relay.untilFinished(updating)).toMatchObject({ verdict: "succeeded" });
    expect(bridge.version).toBe(next);
    expect(bridge.relay.finished(run.runId)).toBeUndefined();
    writeFileSync(run.go, "");
    expect(await bridge.relay.untilFinished(run.runId)).toMatchObject({ verdict: "failed", exitCode: 3 });
    expect(readFileSync(run.count, "utf8")).toBe("x");
    expect(bridge.relay.timesFinished(updating)).toBe(1);
    expect(readdirSync(bridge.data.versions)).toEqual([next]);

    // It stays after a restart of everything, and runs new work.
    await bridge.end("SIGTERM");
    expect(bridge.exitCode).toBe(0);
    bridge.begin();
    await bridge.untilVersion(next);
    expect(await bridge.relay.run({ action: "exec", params: { program: "true", args: [] } })).toMatchObject({
      verdict: "succeeded",
    });
  });

  it("goes back to an older version only when the command says so", async () => {
    await using bridge = await LaunchedBridge.start();
    const params = await offer(bridge.relay, packageOf("0.0.1"));
    expect(await bridge.relay.untilFinished(await update(bridge, params))).toMatchObject({
      verdict: "failed",
      code: "UPDATE_REFUSED",
    });
    expect(bridge.version).toBe(installed);
    const allowed = await update(bridge, { ...params, allowsDowngrade: true });
    expect(await bridge.relay.untilFinished(allowed)).toMatchObject({ verdict: "succeeded" });
    expect(bridge.version).toBe("0.0.1");
    await bridge.end("SIGTERM");
    bridge.begin();
    await bridge.untilVersion("0.0.1");
  });
});

describe("a new version that does not work", () => {
  it.each([
    ["exits", /ended with code 9/],
    ["hangs", /had not shown within .* that it works/],
    ["isNeverWelcomed", /had not shown within .*journal was opened, and towards the relay: .*4401/],
    ["readsNoJournal", /ended with code/],
  ] as const)("because it %s: the one before comes back and says why", async (sabotage, reason) => {
    const probationMs = { exits: 30_000, hangs: 4000, isNeverWelcomed: 12_000, readsNoJournal: 30_000 }[sabotage];
    await using bridge = await LaunchedBridge.start({ probationMs });
    const run = await startWaiting(bridge);
    const params = await offer(bridge.relay, packageOf(next, sabotage));
    const end = await bridge.relay.untilFinished(await update(bridge, params));
    expect(end).toMatchObject({ verdict: "failed", code: "UPDATE_FAILED" });
    expect(end.message).toMatch(reason);
    expect(bridge.version).toBe(installed);
    writeFileSync(run.go, "");
    expect(await bridge.relay.untilFinished(run.runId)).toMatchObject({ exitCode: 3 });

    // It is not tried again by itself, nor by another command that does not say so.
    bridge.log = "";
    const again = await bridge.relay.untilFinished(await update(bridge, params));
    expect(again.message).toMatch(reason);
    expect(bridge.log).not.toContain("switching");
  });

  it("is tried again when a command says so", async () => {
    await using bridge = await LaunchedBridge.start();
    const params = await offer(bridge.relay, packageOf(next, "exits"));
    await bridge.relay.untilFinished(await update(bridge, params));
    bridge.log = "";
    const again = await update(bridge, { ...params, triesAgain: true });
    expect(await bridge.relay.untilFinished(again)).toMatchObject({ code: "UPDATE_FAILED" });
    expect(bridge.log).toContain("switching");
  });
});

describe("a version with a journal of a newer schema", () => {
  function schemaVersion({ data }: LaunchedBridge): number {
    const database = new DatabaseSync(data.journalFile, { readOnly: true });
    try {
      return Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
    } finally {
      database.close();
    }
  }

  it("leaves it to the version before when it is not confirmed", async () => {
    await using bridge = await LaunchedBridge.start({ probationMs: 4000 });
    const session = bridge.relay.hello?.sessionId;
    const params = await offer(bridge.relay, packageOf(next, "hasNewerJournalAndIsNeverWelcomed"));
    expect(await bridge.relay.untilFinished(await update(bridge, params))).toMatchObject({
      code: "UPDATE_FAILED",
      message: expect.stringMatching(/journal was opened/),
    });
    expect(bridge.relay.hello?.sessionId).toBe(session);
    expect(schemaVersion(bridge)).toBe(1);
  });

  it("brings it up to date when it is confirmed; the one before then says which version to install, and leaves it as it is", async () => {
    await using bridge = await LaunchedBridge.start();
    const session = bridge.relay.hello?.sessionId;
    const params = await offer(bridge.relay, packageOf(next, "hasNewerJournal"));
    expect(await bridge.relay.untilFinished(await update(bridge, params))).toMatchObject({ verdict: "succeeded" });
    await bridge.relay.changes.until(() => bridge.log.includes("the journal was brought up to date"), "the migration");
    expect(bridge.relay.hello?.sessionId).toBe(session);
    await bridge.end("SIGTERM");
    expect(schemaVersion(bridge)).toBe(2);
    const journal = readFileSync(bridge.data.journalFile);

    rmSync(bridge.data.launchFile);
    bridge.begin();
    await bridge.relay.changes.until(() => bridge.exitCode !== null, "the end");
    expect(bridge.exitCode).toBe(journalTooNewExitCode);
    expect(bridge.log).toContain(`Install version ${next} or a newer one`);
    expect(readFileSync(bridge.data.journalFile).equals(journal)).toBe(true);
    expect(readdirSync(bridge.data.path).filter((name) => name.includes("damaged"))).toEqual([]);
  });
});

describe("[F4] an update that is cut off", () => {
  it("during the download: is done after the start", async () => {
    await using bridge = await LaunchedBridge.start();
    const { archive, manifest } = packageOf(next);
    const params = await offer(bridge.relay, { archive, manifest });
    const path = `/install/releases/${params.manifestHash}/quarterdeck-bridge.tgz`;
    let held: ServerResponse | undefined;
    bridge.relay.files.set(path, (response) => {
      held = response;
      response.write(archive.subarray(0, 1000));
      bridge.relay.changes.notify();
    });
    const updating = await update(bridge, params);
    await bridge.relay.changes.until(() => held !== undefined, "the download");
    bridge.relay.files.set(path, archive);
    process.kill(bridge.bridgePid!, "SIGKILL");
    expect(await bridge.relay.untilFinished(updating)).toMatchObject({ verdict: "succeeded" });
    expect(bridge.version).toBe(next);
  });

  for (const victim of ["bridge", "launcher", "both"] as const) {
    for (const [moment, sign] of [
      ["at the switch", '"switching"'],
      ["at the start of the new version", '"isOnProbation":true'],
      ["when the new version has connected", '"the new version works and stays"'],
    ] as const) {
      it(`${moment}, by the end of ${victim}: ends in the new version and says so once`, async () => {
        await using bridge = await LaunchedBridge.start();
        const run = await startWaiting(bridge);
        const before = bridge.bridgePid;
        const updating = await update(bridge, await offer(bridge.relay, packageOf(next)));
        await bridge.relay.changes.until(() => bridge.log.includes(sign), sign);
        // The launcher says what it starts before it has.
        const isThere = () => moment === "at the switch" || (bridge.bridgePid ?? before) !== before;
        if (victim !== "launcher") await bridge.relay.changes.until(isThere, "the process of the new version");
        const { bridgePid } = bridge;
        if (victim !== "bridge") await bridge.end("SIGKILL");
        // With its launcher it ends by itself, perhaps before this.
        if (victim !== "launcher" && bridgePid !== undefined) signalProcess(bridgePid, "SIGKILL");
        if (victim !== "bridge") bridge.begin();
        const end = await bridge.relay.untilFinished(updating);
        await bridge.relay.changes.until(() => bridge.version, "a bridge");
        // A version that somebody kills on its probation has not shown that it works; else the new one runs.
        const isKilledOnProbation = victim === "bridge" && moment !== "when the new version has connected";
        if (end.verdict === "succeeded") expect(bridge.version).toBe(next);
        else {
          expect({ end, isKilledOnProbation }).toMatchObject({ isKilledOnProbation: true });
          expect(end).toMatchObject({ code: "UPDATE_FAILED", message: expect.stringContaining("SIGKILL") });
          expect(bridge.version).toBe(installed);
        }
        writeFileSync(run.go, "");
        expect(await bridge.relay.untilFinished(run.runId)).toMatchObject({ exitCode: 3 });
        expect(readFileSync(run.count, "utf8")).toBe("x");
        expect(bridge.relay.timesFinished(updating)).toBe(1);
      });
    }
  }

  it("by a bridge that hangs with the data directory in its hands: the next launcher ends it and starts another", async () => {
    await using bridge = await LaunchedBridge.start();
    const hanging = bridge.bridgePid!;
    process.kill(hanging, "SIGSTOP");
    await bridge.end("SIGKILL");
    bridge.begin();
    await bridge.relay.changes.until(() => bridge.relay.epoch === 2, "the next bridge");
    expect(processStartTicks(hanging)).toBeUndefined();
    expect(bridge.exitCode).toBeNull();
  });

  it("by a new version that hangs and whose launcher is killed: the hanging one is ended and the old one runs", async () => {
    await using bridge = await LaunchedBridge.start({ probationMs: 3000 });
    const updating = await update(bridge, await offer(bridge.relay, packageOf(next, "hangs")));
    await bridge.relay.changes.until(() => bridge.log.includes('"isOnProbation":true'), "the new version");
    await bridge.end("SIGKILL");
    bridge.begin();
    expect(await bridge.relay.untilFinished(updating)).toMatchObject({ verdict: "failed", code: "UPDATE_FAILED" });
    expect(bridge.version).toBe(installed);
  });
});

it("is refused by a bridge that no launcher started, which does not offer it either", async () => {
  const { RealBridge } = await import("./real-bridge.ts");
  await using bridge = await RealBridge.start();
  expect(bridge.relay.hello?.capabilities.actions).not.toContain("bridge.update");
  const params = await offer(bridge.relay, packageOf(next));
  const wish = { action: "bridge.update", params, overrides: { workspaceId: null } } as const;
  expect(await bridge.relay.run(wish)).toMatchObject({ verdict: "refused", code: "COMMAND_UNSUPPORTED" });
  expect(existsSync(bridge.data.versions)).toBe(false);
});
