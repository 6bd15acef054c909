import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProjectId, RunId } from "@quarterdeck/core/ids";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readMarker } from "../src/runs/run-files.ts";
import { findRunProcesses, processStartTicks } from "../src/wrapper/processes.ts";
import { newId, tailText } from "./fake-platform.ts";
import { HelperProcess } from "./helper-process.ts";
import { ordinaryUser } from "./ordinary-user.ts";
import { RealBridge } from "./real-bridge.ts";
import { Typist } from "./typist.ts";

/** The daemon is never root, also where this test is. */
const user = ordinaryUser();
const helper = new HelperProcess(user?.gid);
let bridge: RealBridge;
beforeAll(async () => {
  bridge = await RealBridge.start({ helper, user });
});
afterAll(() => bridge[Symbol.asyncDispose]());

/** A program that counts its starts, and ends when it is told to. */
async function startWaiting() {
  const { relay, data } = bridge;
  const { scratch } = data.workspace(relay.platform.workspaceId);
  const [go, count] = [join(scratch, newId("entry")), join(scratch, newId("entry"))];
  const script = `const fs = require('node:fs'); fs.appendFileSync('${count}', 'x');
    setInterval(() => { if (fs.existsSync('${go}')) { console.log('ended'); process.exit(3); } }, 5)`;
  const runId = await relay.send({ action: "exec", params: { program: "node", args: ["-e", script] } });
  await relay.untilStarted(runId);
  await relay.changes.until(() => existsSync(count), "the program");
  return { runId, end: () => writeFileSync(go, ""), starts: () => readFileSync(count, "utf8").length };
}

const echo = (text: string) => ({ action: "exec", params: { program: "echo", args: [text] } }) as const;

describe("a bridge whose helper starts the runs", () => {
  it("reports output and end, answers reads, takes input, and writes nothing of users itself", async () => {
    const { relay, data } = bridge;
    if (user) expect(statSync(`/proc/${bridge.pid}`).uid).toBe(user.uid);
    expect(relay.hello?.capabilities.isolation).toBe("hidden");
    expect(tailText(await relay.run(echo("hello")))).toBe("hello\n");
    expect(await relay.run({ action: "workspace.create" })).toMatchObject({ verdict: "succeeded" });
    const refused = await relay.run({ action: "exec", params: { program: "bash", args: [] } });
    expect(refused).toMatchObject({ verdict: "refused", code: "PROGRAM_NOT_ALLOWED" });
    const runId = await relay.send({ action: "exec", params: { program: "cat", args: [], input: true } });
    await relay.untilStarted(runId);
    const typist = await Typist.begin(relay, runId);
    await typist.type("typed\n");
    await typist.type("", { isEnd: true });
    expect(tailText(await relay.untilFinished(runId))).toBe("typed\n");
    const projectId = newId("project") as ProjectId;
    mkdirSync(data.workspace(relay.platform.workspaceId).project(projectId));
    const archived = await relay.run({ action: "workspace.archive", params: { keeps: 1 } });
    const archives = { made: { projects: [{ projectId }] }, kept: [archived.runId] };
    expect(archived).toMatchObject({ verdict: "succeeded", archives });
    expect(readdirSync(data.run(runId).path)).toContain("output");
    const own = readdirSync(join(bridge.path, "runs", runId));
    expect(own).toEqual(["content-key.json"]);
    expect(readdirSync(join(bridge.path, "workspaces"))).toEqual([]);
  });

  it("that is killed: runs go on in their wrappers, and their true results come once [F4]", async () => {
    const { relay } = bridge;
    const run = await startWaiting();
    const wrapper = readMarker(bridge.data.run(run.runId))!.pid;
    await helper.end("SIGKILL");
    expect(processStartTicks(wrapper)).toBeDefined();
    const waiting = await relay.send(echo("later"));
    await helper.begin();
    run.end();
    expect(await relay.untilFinished(run.runId)).toMatchObject({ verdict: "failed", exitCode: 3 });
    expect(tailText(await relay.untilFinished(waiting))).toBe("later\n");
    expect(run.starts()).toBe(1);
    expect([run.runId, waiting].map((runId) => relay.timesFinished(runId))).toEqual([1, 1]);
    expect(bridge.hasEnded).toBe(false);
  });

  it("and that is killed with it, during a run and after its end: the next ones adopt [F4]", async () => {
    const { relay } = bridge;
    for (const isOver of [false, true]) {
      const run = await startWaiting();
      await Promise.all([bridge.end("SIGKILL"), helper.end("SIGKILL")]);
      if (isOver) {
        run.end();
        await relay.changes.until(() => existsSync(bridge.data.run(run.runId).result), "the result");
      }
      bridge.begin();
      await helper.begin();
      run.end();
      expect(await relay.untilFinished(run.runId)).toMatchObject({ verdict: "failed", exitCode: 3 });
      expect(relay.timesFinished(run.runId)).toBe(1);
      expect(run.starts()).toBe(1);
    }
  });

  it("whose wrapper is killed while no helper runs: the run is indeterminate, and nothing of it lives [F4]", async () => {
    const { relay } = bridge;
    const run = await startWaiting();
    await helper.end("SIGKILL");
    process.kill(readMarker(bridge.data.run(run.runId))!.pid, "SIGKILL");
    await helper.begin();
    expect(await relay.untilFinished(run.runId)).toMatchObject({ verdict: "indeterminate", code: "CUT_OFF" });
    expect(findRunProcesses(run.runId)).toEqual([]);
    expect(run.starts()).toBe(1);
  });

  it("cancels: a run that goes on, also while no helper runs, and one that waits for the helper", async () => {
    const { relay } = bridge;
    const sleep = { action: "exec", params: { program: "sleep", args: ["600"] } } as const;
    const cancel = (runId: RunId) => relay.send({ action: "task.cancel", params: { runId } });
    const first = await relay.send(sleep);
    await relay.untilStarted(first);
    await cancel(first);
    expect(await relay.untilFinished(first)).toMatchObject({ verdict: "cancelled" });
    const second = await relay.send(sleep);
    await relay.untilStarted(second);
    await helper.end("SIGKILL");
    await cancel(second);
    const third = await relay.send(sleep);
    await cancel(third);
    await helper.begin();
    for (const runId of [second, third])
      expect(await relay.untilFinished(runId)).toMatchObject({ verdict: "cancelled" });
    for (const runId of [first, second, third]) expect(findRunProcesses(runId)).toEqual([]);
  });

  it("tells it what the platform says about its keys, also what it missed [W2]", async () => {
    const { relay } = bridge;
    relay.sendKeys(await relay.platform.changeKeys("rotate"));
    expect(tailText(await relay.run(echo("1")))).toBe("1\n");
    await helper.end("SIGKILL");
    relay.sendKeys(await relay.platform.changeKeys("rotate"));
    relay.sendKeys(await relay.platform.changeKeys("rotate"));
    await relay.changes.until(
      () => relay.frames.some((frame) => frame.type === "keysTaken" && frame.version === 4),
      "the bridge to take them",
    );
    const runId = await relay.send(echo("2"));
    await bridge.end("SIGKILL");
    bridge.begin();
    await helper.begin();
    expect(tailText(await relay.untilFinished(runId))).toBe("2\n");
  });

  it("that is not there says so, and says hello again when it is", async () => {
    const { relay } = bridge;
    await bridge.end("SIGTERM");
    await helper.end("SIGTERM");
    bridge.begin();
    await relay.changes.until(() => relay.hello?.capabilities.isolation === "missing", "a hello without a helper");
    await helper.begin();
    await relay.changes.until(() => relay.hello?.capabilities.isolation === "hidden", "a hello with one");
    expect(tailText(await relay.run(echo("x")))).toBe("x\n");
  });
});
